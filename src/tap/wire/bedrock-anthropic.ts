import { anthropicMessages } from './anthropic-messages.ts'
import { readErrorMember } from './stream.ts'
import { isRecord, textIn } from './text.ts'
import type { Wire } from './wire.ts'

/**
 * Anthropic's models on Amazon Bedrock, by `InvokeModel`:
 * https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-anthropic-claude-messages.html. Bodies are those
 * of Anthropic Messages; the model stands in the address. An address that does not name a model of Anthropic's (that of
 * an application inference profile) is not recognised. Nor is `invoke-with-response-stream`: its replies are AWS event
 * streams (`application/vnd.amazon.eventstream`, binary), which are not read here.
 */
export const bedrockAnthropic: Wire = {
  ...anthropicMessages,
  name: 'bedrock-anthropic',
  description: 'Anthropic models on Amazon Bedrock (POST …/model/<id>/invoke).',
  matches: (url) => /anthropic|claude/i.test(modelIn(url) ?? ''),

  readRequest(body, url) {
    const model = url === undefined ? undefined : modelIn(url)
    const request = anthropicMessages.readRequest(body)
    return model === undefined || request.model !== undefined ? request : { model, ...request }
  },

  streams: () => false,

  readError(body) {
    if (!isRecord(body) || body.error !== undefined) return readErrorMember(body)
    // Errors of AWS itself; the type is in a header, or here.
    const message = textIn(body.message ?? body.Message)
    return message === '' ? undefined : { type: textIn(body.__type) || 'error', message }
  },
}

function modelIn(url: URL): string | undefined {
  const [, id] = /\/model\/([^/]+)\/invoke$/.exec(url.pathname) ?? []
  if (id === undefined) return undefined
  try {
    return decodeURIComponent(id)
  } catch (error) {
    // Wrongly encoded: the address is not ours to judge.
    if (error instanceof URIError) return id
    throw error
  }
}
