import { recordingWith, turn } from '../../schema/testing/recordings.ts'
import { type Recording, recordingOf } from '../../schema/recording.ts'
import type { Trace } from '../../schema/trace.ts'
import { describeUser, listener } from '../user.contract.ts'
import { shopCase } from '../testing/trials.ts'
import { none } from './none.ts'
import { script } from './script.ts'
import { simulated } from './simulated.ts'
import { dialogueServer, playingLive } from './testing/live-dialogue.ts'

describeUser('none', { make: none, recording: recordingWith([]), turns: [] })

const asked = (question: string) => ({ ...turn('Bye.'), request: { name: 'user', question } })
describeUser('script', {
  make: script,
  recording: recordingWith([turn('Hi.'), asked('Noted: 1.')]),
  turns: ['Hi.', 'Bye.'],
})

const make = () => simulated({ persona: 'Terse.', model: 'small' })
await using server = await dialogueServer({ agent: [], user: ['Hi.', 'Any news?', 'Bye. ###STOP###'] })
const { trace } = await playingLive(server.origin, listener, undefined, { user: make() })
describeUser('simulated', { make, recording: recordingOf(trace), turns: ['Hi.', 'Any news?'] })

const opened = () => simulated({ persona: 'Terse.', model: 'small', opening: 'Hello!' })
const { trace: withOpening } = await playingLive(server.origin, listener, undefined, { user: opened() })
describeUser('simulated, with an opening', {
  make: opened,
  recording: recordingOf(withOpening),
  turns: ['Hello!', 'Any news?'],
})
describeUser('script, of a simulated user', {
  make: script,
  recording: scripted(trace),
  turns: ['Hi.', 'Any news?'],
})
describeUser('script, of a simulated user with an opening', {
  make: script,
  recording: scripted(withOpening),
  turns: ['Hello!', 'Any news?'],
})

/** What of a trace a script plays: its steps are those it serves. */
function scripted(of: Trace): Recording {
  return script().tape?.(recordingOf(of), shopCase) ?? recordingWith([])
}
