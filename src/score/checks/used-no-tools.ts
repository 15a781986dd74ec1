import * as z from 'zod'
import { defineCheck } from '../define-check.ts'
import { callsMade } from '../evidence.ts'
import { count, listed, short } from '../show.ts'
import { subjectOf } from '../subject.ts'

export const usedNoTools = defineCheck({
  name: 'usedNoTools',
  group: 'trajectory',
  description: 'The agent called no tool.',
  params: z.strictObject({
    except: z.array(z.string().min(1)).default([]).describe('Tools that may be called all the same.'),
  }),
  examples: [
    {
      title: 'It answered from what it knows.',
      params: {},
      subject: subjectOf({ says: ['We are open until six.'] }),
      expect: 'pass',
    },
    {
      title: 'The reason names what was called.',
      params: {},
      subject: subjectOf({ calls: [{ name: 'search' }, { name: 'search' }] }),
      expect: 'fail',
      says: '2 calls: search',
    },
    {
      title: 'Thinking aloud is no harm.',
      params: { except: ['think'] },
      subject: subjectOf({ calls: [{ name: 'think' }] }),
      expect: 'pass',
    },
  ],
  answer({ outcome }, { except }) {
    const made = callsMade(outcome).filter((call) => !except.includes(call.name))
    if (made.length === 0) return { value: 1 }
    const names = [...new Set(made.map((call) => short(call.name, 60)))]
    return { value: 0, reason: `${count(made.length, 'call')}: ${listed(names, 8)}` }
  },
})
