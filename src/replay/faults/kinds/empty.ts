import { bodyOf, withBody } from '../attempts.ts'
import type { Fault } from '../fault.ts'
import type { Json } from '../../../schema/json.ts'
import { shapeOf, withContent } from '../tool-reply.ts'

export const empty: Fault = {
  name: 'empty',
  description:
    'Success, and nothing in it: a model that says nothing, a body without a byte, no text, no items, no members.',
  places: ['model', 'http', 'tool'],
  done: () => 'yes',
  try({ attempt, model }) {
    if (model === undefined) return bodyOf(attempt) === undefined ? undefined : withBody(attempt, '')
    const { finishReason: _, ...rest } = model.reply
    return model.write({ ...rest, message: { ...rest.message, parts: [] } })
  },
  changes(reply) {
    const { response, isError } = reply
    if (isError || isEmpty(response)) return undefined
    if (shapeOf(reply) === 'mcp')
      return withContent(reply, (content) => (content.length === 0 ? undefined : []))
    return { response: emptied(response), isError }
  },
}

function emptied(response: Json): Json {
  if (typeof response === 'string') return ''
  if (Array.isArray(response)) return []
  return typeof response === 'object' ? {} : null
}

function isEmpty(response: Json): boolean {
  return (
    response === null ||
    response === '' ||
    (typeof response === 'object' && Object.keys(response).length === 0)
  )
}
