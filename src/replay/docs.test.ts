import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { provenance } from '../schema/call.ts'
import { textMessage } from '../schema/message.ts'
import { asks, conversation, recordingWith, says, used } from '../schema/testing/recordings.ts'
import type { TargetFunction } from './targets/function.ts'
import { playing, shopCase } from './testing/trials.ts'

const page = readFileSync(join(import.meta.dirname, '../../docs/replay.md'), 'utf8')

describe('docs/replay.md', () => {
  it('shows an agent that runs, and that replays', async () => {
    const shown = /```ts\n([^]*?)```/.exec(page)?.[1] ?? ''
    const folder = mkdtempSync(join(tmpdir(), 'evalkit-docs-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const said = vi.spyOn(console, 'log').mockImplementation(() => undefined)
    onTestFinished(() => said.mockRestore())
    const file = join(folder, 'agent.ts')
    const tap = pathToFileURL(join(import.meta.dirname, '../capture/index.ts')).href
    writeFileSync(
      file,
      shown
        .replace("'evalkit/capture'", `'${tap}'`)
        .replace("'openai'", `'${import.meta.resolve('openai')}'`),
    )
    const { support } = (await import(/* @vite-ignore */ pathToFileURL(file).href)) as {
      support: TargetFunction
    }
    expect(said).toHaveBeenCalledWith({ order: 'W12', status: 'sent' })

    const tool = used('get_order', { order: 'W12' }, { order: 'W12', status: 'lost' }, 'c1')
    const [, ...calls] = conversation(
      [
        {
          kind: 'human',
          request: { name: 'user' },
          reply: { message: textMessage('user', 'Where is W12?') },
        },
        { model: asks([['get_order', { order: 'W12' }]]) },
        tool,
        { model: says('It was lost.') },
      ],
      { model: 'gpt-4o' },
    )
    const outcome = await playing(support, recordingWith(calls), {
      case: { ...shopCase, input: 'Where is W12?' },
    })
    expect(outcome.reason).toBeUndefined()
    expect(outcome).toMatchObject({
      status: 'completed',
      output: 'It was lost.',
      divergences: [],
      fidelity: { share: 1 },
    })
  })

  it('knows every word for how a reply was found, and no other', () => {
    const words = [...page.matchAll(/^\| `([a-z-]+)` \|/gm)].map(([, word]) => word)
    expect(words).toEqual(provenance.options)
  })
})
