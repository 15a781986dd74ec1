import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { Json } from '../schema/json.ts'
import type { Message, Part, Role } from '../schema/message.ts'
import type { ArgumentsRule } from './match-arguments.ts'
import type { MatchMode } from './match-calls.ts'
import { matchTrajectory } from './trajectory.ts'

/** A row of `test/data/trajectory-match`, as its README tells. */
interface LibraryCase {
  readonly id: string
  readonly test: string
  readonly trajectory_match_mode: MatchMode
  readonly tool_args_match_mode: 'exact' | 'subset' | 'superset' | 'ignore'
  readonly tool_args_match_overrides: Readonly<Record<string, ArgumentsRule | 'custom'>> | null
  readonly outputs: readonly ChatMessage[]
  readonly reference_outputs: readonly ChatMessage[]
  readonly expected: boolean
}

interface ChatMessage {
  readonly role: Role
  readonly content?: string | null
  readonly tool_calls?:
    | readonly { readonly function: { readonly name: string; readonly arguments: string } }[]
    | null
}

const agentevals = casesOf('agentevals-cases.json')
const openevals = casesOf('openevals-cases.json')

describe('the cases of agentevals and openevals', () => {
  const comparable = [...agentevals, ...openevals].filter((row) => rulesOf(row) !== undefined)

  it.each(comparable.map((row) => [`${row.id} ${row.trajectory_match_mode} ${row.test}`, row] as const))(
    '%s',
    (_, row) => {
      const options = {
        mode: row.trajectory_match_mode,
        args: row.tool_args_match_mode,
        tools: rulesOf(row) ?? {},
      }
      const match = matchTrajectory(row.outputs.map(messageOf), row.reference_outputs.map(messageOf), options)
      expect(match).toMatchObject({ passed: row.expected })
    },
  )

  it('are all there, but for those that compare with a Python function', () => {
    expect(comparable).toHaveLength(56 + 29)
    const others = [...agentevals, ...openevals].filter((row) => rulesOf(row) === undefined)
    const numbers = [28, 29, 30, 31, 37, 39, 41, 43]
    expect(others.map((row) => row.id)).toEqual(numbers.map((number) => `agentevals-0${number}`))
  })
})

describe('matchTrajectory', () => {
  const wide = { q: 'refund', lang: 'en' }
  const narrow = { q: 'refund' }

  it('finds the pairing that a greedy matcher misses', () => {
    const outputs = [asks(['find', wide]), asks(['find', narrow])]
    const reference = [asks(['find', narrow]), asks(['find', wide])]
    expect(matchTrajectory(outputs, reference, { mode: 'superset', args: 'superset' }).passed).toBe(true)
    expect(matchTrajectory(outputs, reference, { mode: 'superset', args: 'exact' }).passed).toBe(true)
    expect(
      matchTrajectory([asks(['find', narrow], ['find', narrow])], reference, {
        mode: 'superset',
        args: 'superset',
      }).passed,
    ).toBe(false)
  })

  it('compares messages in strict mode: their number, roles and calls, never their texts', () => {
    const strict = { mode: 'strict', args: 'exact' } as const
    const reference = [
      says('user', 'Refund, please.'),
      asks(['find', narrow], ['pay', {}]),
      says('assistant', 'Done.'),
    ]
    const same = [
      says('user', 'Money back!'),
      asks(['pay', {}], ['find', narrow]),
      says('assistant', 'Paid.'),
    ]
    expect(matchTrajectory(same, reference, strict).passed).toBe(true)
    expect(matchTrajectory(same.slice(0, 2), reference, strict)).toEqual({
      passed: false,
      reason: 'there are 2 messages, the reference has 3',
    })
    const [user, call] = same
    const swapped = [user, says('assistant', 'Paid.'), call].filter((message) => message !== undefined)
    expect(matchTrajectory(swapped, reference, strict).reason).toMatch(
      /^message 2: 0 of 2 reference calls matched/,
    )
    expect(
      matchTrajectory(
        [says('user', ''), asks(), says('user', '')],
        [says('user', ''), asks(), asks()],
        strict,
      ).reason,
    ).toBe('message 3 is of role user, not assistant')
  })

  it('never throws over arguments that are not JSON: they match nothing', () => {
    const broken = messageOf({
      role: 'assistant',
      tool_calls: [{ function: { name: 'find', arguments: '{"q": ' } }],
    })
    for (const mode of ['strict', 'in-order', 'unordered', 'subset', 'superset'] as const) {
      expect(matchTrajectory([broken], [asks(['find', narrow])], { mode, args: 'ignore' }).passed).toBe(false)
    }
  })

  it('tells null from nothing and lists from objects', () => {
    const options = { mode: 'unordered', args: 'exact' } as const
    expect(matchTrajectory([asks(['find', {}])], [asks(['find', { q: null }])], options).passed).toBe(false)
    expect(matchTrajectory([asks(['find', { '0': 1 }])], [asks(['find', [1]])], options).passed).toBe(false)
  })
})

function casesOf(file: string): readonly LibraryCase[] {
  return JSON.parse(
    readFileSync(new URL(`../../test/data/trajectory-match/${file}`, import.meta.url), 'utf8'),
  )
}

/** The overrides as our rules; `undefined` where one of them is a function of the library's tests. */
function rulesOf({ tool_args_match_overrides: overrides }: LibraryCase) {
  const tools: Record<string, { readonly args: ArgumentsRule }> = {}
  for (const [tool, args] of Object.entries(overrides ?? {})) {
    if (args === 'custom') return undefined
    tools[tool] = { args }
  }
  return tools
}

function messageOf({ role, content, tool_calls: calls }: ChatMessage): Message {
  const parts: Part[] = typeof content === 'string' ? [{ type: 'text', content }] : []
  for (const { function: asked } of calls ?? []) {
    const call = { type: 'tool_call', id: '', name: asked.name } as const
    try {
      parts.push({ ...call, arguments: JSON.parse(asked.arguments) as Json })
    } catch {
      parts.push({ ...call, arguments: asked.arguments, malformed: true })
    }
  }
  return { role, parts }
}

function asks(...calls: readonly (readonly [string, Json])[]): Message {
  const parts = calls.map(([name, args]) => ({ type: 'tool_call', id: '', name, arguments: args }) as const)
  return { role: 'assistant', parts }
}

function says(role: Role, content: string): Message {
  return { role, parts: [{ type: 'text', content }] }
}
