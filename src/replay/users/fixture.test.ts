import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { readFixture, writeFixture } from '../../dataset/fixture-file.ts'
import { openDataset } from '../../dataset/load.ts'
import { promote } from '../../dataset/promote.ts'
import { unpackRecording } from '../../schema/recording.ts'
import { recordingWith, used } from '../../schema/testing/recordings.ts'
import { loop, type LoopSettings } from '../targets/loop.ts'
import { playing } from '../testing/trials.ts'
import { simulated, type SimulatedSettings } from './simulated.ts'
import { dialogueServer, playingLive } from './testing/live-dialogue.ts'

/** The project that `test/cli/simulated-user.test.ts` runs from the street. */
const project = join(import.meta.dirname, '../../../test/data/simulated-user')
const settings = JSON.parse(readFileSync(join(project, 'evals/settings.json'), 'utf8')) as {
  readonly agent: LoopSettings
  readonly user: SimulatedSettings
}

it('records the committed fixtures again, byte for byte', async () => {
  const folder = process.env.UPDATE === '1' ? join(project, 'fixtures') : scratch()
  const dataset = await openDataset(join(project, 'datasets/talk.jsonl'), 'talk', 'talk.jsonl')
  await using server = await dialogueServer({
    agent: ['Which order is it?', { tool: 'get_order', arguments: { order: 'W12' } }, 'It is on its way.'],
    user: ['Where is my order?', 'It is W12.', '###STOP###'],
  })
  const orders = recordingWith([used('get_order', { order: 'W12' }, { order: 'W12', status: 'sent' })])
  const target = loop(settings.agent)
  for await (const given of dataset.cases()) {
    const user = simulated(settings.user)
    const live = await playingLive(server.origin, target, orders, { case: given, user })
    expect(live).toMatchObject({ status: 'completed', output: 'It is on its way.' })
    const { fixture } = promote(live.trace, 'talk', { case: given })
    writeFixture(folder, fixture)

    const at = [folder, 'talk', given.id] as const
    const [recording] = readFixture(...at).fixture.recordings.map(unpackRecording)
    const again = await playing(target, recording, { case: given, user })
    expect(again).toMatchObject({ status: 'completed', divergences: [], fidelity: { share: 1 } })
    const path = (root: string): string => join(root, 'talk', `${given.id}.json`)
    expect(readFileSync(path(folder), 'utf8')).toBe(readFileSync(path(join(project, 'fixtures')), 'utf8'))
  }
})

function scratch(): string {
  const folder = mkdtempSync(join(tmpdir(), 'evalkit-user-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return folder
}
