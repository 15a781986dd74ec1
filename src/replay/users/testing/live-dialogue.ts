import { type ModelServer, modelServer } from '../../../../test/capture/support/model-server.ts'
import type { Outcome } from '../../../schema/outcome.ts'
import type { Recording } from '../../../schema/recording.ts'
import { modelAccessFrom } from '../../live/access.ts'
import { type LiveModelsOptions, openLiveModels } from '../../live/live-models.ts'
import { anthropicMessage, completion, json, key, world } from '../../live/testing/world.ts'
import type { Play } from '../../play.ts'
import type { Target } from '../../target.ts'
import type { TargetFunction } from '../../targets/function.ts'
import { playing } from '../../testing/trials.ts'

/** What the models say, each by how often they have spoken in a conversation: a text, or a tool the agent asks for. */
export interface Lines {
  readonly agent: readonly (string | { readonly tool: string; readonly arguments: object })[]
  readonly user: readonly string[]
}

/** Nothing of today is in what is recorded. */
const headers = { ...json, date: 'Thu, 01 Jan 2026 00:00:00 GMT' }

/** A provider on loopback that plays both: the user's model is known by what it is told of its role. */
export function dialogueServer({ agent, user }: Lines): Promise<ModelServer> {
  return modelServer(({ body, path }) => {
    const { messages } = JSON.parse(body) as { messages: { role: string }[] }
    const spoken = messages.filter(({ role }) => role === 'assistant').length
    const line = (isUsers(body) ? user : agent)[spoken] ?? 'I have no more lines.'
    const text = typeof line === 'string' ? line : ''
    const said = path === '/v1/messages' ? anthropicMessage(text) : completion(text)
    return { headers, chunks: [typeof line === 'string' ? said : asking(line.tool, line.arguments)] }
  })
}

/** Whether a request is the user's own. */
export function isUsers(body: string): boolean {
  return body.includes('You play a person')
}

function asking(name: string, given: object): string {
  const tool = { id: 'c1', type: 'function', function: { name, arguments: JSON.stringify(given) } }
  const message = { role: 'assistant', content: null, tool_calls: [tool] }
  return completion('', { choices: [{ index: 0, message, finish_reason: 'tool_calls' }] })
}

/** Plays a trial whose models are that provider, and whose tools answer from the recording. */
export function playingLive(
  origin: string,
  target: Target | TargetFunction,
  recording: Recording | undefined,
  more: Partial<Play> = {},
  options: Partial<LiveModelsOptions> = {},
): Promise<Outcome> {
  const access = modelAccessFrom({
    OPENAI_BASE_URL: `${origin}/v1`,
    OPENAI_API_KEY: key,
    ANTHROPIC_BASE_URL: origin,
    ANTHROPIC_API_KEY: key,
  })
  const live = openLiveModels({ ...world(), breaker: {}, mode: 'live', access, ...options })
  return playing(target, recording, {
    ...more,
    replay: { mode: { llm: 'live', tools: 'recorded' }, models: live.forTrial(), ...more.replay },
  })
}
