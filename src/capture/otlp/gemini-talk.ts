import { defined } from '../../lib/defined.ts'
import type { LlmReply, LlmRequest, Usage } from '../../schema/call.ts'
import type { Json } from '../../schema/json.ts'
import type { Message, Part } from '../../schema/message.ts'
import type { ToolDefinition } from '../../schema/tool.ts'
import { readInput } from '../../tap/wire/text.ts'
import { type Fields, isFields, splitResults } from './messages.ts'
import { numberIn, parsed } from './told.ts'
import { usageOf } from './tokens.ts'

/**
 * What a Gemini model was asked, as an observer wrote it down: `contents` of `parts`, instructions and tools beside them or in `config`,
 * its names as the API has them or as Python does (https://ai.google.dev/api/generate-content). `undefined` where it is none.
 */
export function geminiRequest(value: Json | undefined): Partial<LlmRequest> | undefined {
  const given = parsed(value)
  if (!isFields(given) || !Array.isArray(given['contents'])) return undefined
  const {
    system_instruction: system,
    systemInstruction = system,
    tools,
    ...settings
  }: Fields = { ...given, ...fieldsIn(given['config'] ?? given['generationConfig']) }
  const instructed = instructionsIn(systemInstruction)
  const declared = listIn(tools).flatMap(declaredIn)
  const parameters = Object.fromEntries(
    Object.entries(settings).filter(
      (entry): entry is [string, Json] =>
        !['model', 'contents', 'config', 'generationConfig'].includes(entry[0]) &&
        entry[1] !== undefined &&
        entry[1] !== null,
    ),
  )
  return {
    messages: listIn(given['contents']).flatMap(messagesOf),
    ...defined({
      model: typeof given['model'] === 'string' ? given['model'] : undefined,
      system: instructed.length === 0 ? undefined : instructed,
      tools: declared.length === 0 ? undefined : declared,
      parameters: Object.keys(parameters).length === 0 ? undefined : parameters,
    }),
  }
}

/** What it answered and used: the body of a reply, or its first candidate, which is what Google's agents keep. */
export function geminiReply(value: Json | undefined): LlmReply | undefined {
  const given = parsed(value)
  if (!isFields(given)) return undefined
  const [candidate] = listIn(given['candidates'])
  const said = isFields(candidate) ? candidate : given
  const content = said['content']
  if (!isFields(content) || !Array.isArray(content['parts'])) return undefined
  const finish = said['finish_reason'] ?? said['finishReason']
  const version = given['model_version'] ?? given['modelVersion']
  return {
    message: { role: 'assistant', parts: listIn(content['parts']).map(partOf) },
    ...defined({
      finishReason: typeof finish === 'string' ? finish : undefined,
      model: typeof version === 'string' ? version : undefined,
      usage: usageIn(given['usage_metadata'] ?? given['usageMetadata']),
    }),
  }
}

/** Its prompt counts what was cached, and not what tools of Google's own brought; its candidates do not count what was thought. */
function usageIn(value: Json | undefined): Usage | undefined {
  if (!isFields(value)) return undefined
  const count = (...names: readonly string[]): number | undefined =>
    names.map((name) => numberIn(value[name])).find((found) => found !== undefined)
  const asked = count('prompt_token_count', 'promptTokenCount')
  const brought = count('tool_use_prompt_token_count', 'toolUsePromptTokenCount')
  const reasoning = count('thoughts_token_count', 'thoughtsTokenCount')
  const output = count('candidates_token_count', 'candidatesTokenCount')
  return usageOf({
    input: asked === undefined ? undefined : asked + (brought ?? 0),
    cacheRead: count('cached_content_token_count', 'cachedContentTokenCount'),
    output: output === undefined && reasoning === undefined ? undefined : (output ?? 0) + (reasoning ?? 0),
    reasoning,
    counts: 'all',
  })
}

function messagesOf(content: Json): readonly Message[] {
  if (!isFields(content)) return []
  const role = content['role'] === 'model' ? 'assistant' : 'user'
  const parts = listIn(content['parts'])
  return parts.some((part) => isFields(part) && responseIn(part) !== undefined)
    ? parts.flatMap((part) => splitResults({ role, ...nameOf(part), parts: [partOf(part)] }))
    : [{ role, parts: parts.map(partOf) }]
}

/** Which tool a result is of: its id is often missing. */
function nameOf(part: Json): { readonly name?: string } {
  const name = isFields(part) ? responseIn(part)?.['name'] : undefined
  return typeof name === 'string' && name !== '' ? { name } : {}
}

function partOf(part: Json): Part {
  if (!isFields(part)) return { type: 'opaque', value: part }
  const { text, thought } = part
  const call = part['function_call'] ?? part['functionCall']
  const response = responseIn(part)
  if (isFields(call)) {
    return {
      type: 'tool_call',
      id: textIn(call['id']),
      name: textIn(call['name']),
      ...readInput(call['args']),
    }
  }
  if (response !== undefined) {
    return {
      type: 'tool_call_response',
      id: textIn(response['id']),
      response: response['response'] ?? null,
    }
  }
  if (typeof text !== 'string') return { type: 'opaque', value: part }
  return thought === true ? { type: 'reasoning', content: text } : { type: 'text', content: text }
}

function responseIn(part: Fields): Fields | undefined {
  const response = part['function_response'] ?? part['functionResponse']
  return isFields(response) ? response : undefined
}

function instructionsIn(value: Json | undefined): readonly Part[] {
  if (typeof value === 'string') return value === '' ? [] : [{ type: 'text', content: value }]
  const parts = isFields(value) ? (value['parts'] ?? [value]) : value
  return listIn(parts).map((part) => partOf(typeof part === 'string' ? { text: part } : part))
}

function declaredIn(tool: Json): readonly ToolDefinition[] {
  if (!isFields(tool)) return []
  return listIn(tool['function_declarations'] ?? tool['functionDeclarations']).flatMap((one) => {
    const { name, description, ...rest } = fieldsIn(one)
    const schema = rest['parameters_json_schema'] ?? rest['parametersJsonSchema'] ?? rest['parameters']
    if (typeof name !== 'string' || name === '') return []
    return [
      {
        name,
        ...(typeof description === 'string' && description !== '' ? { description } : {}),
        ...(isFields(schema) ? { inputSchema: schema as { readonly [key: string]: Json } } : {}),
      },
    ]
  })
}

function fieldsIn(value: Json | undefined): Fields {
  return isFields(value) ? value : {}
}

function listIn(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? (value as readonly Json[]) : []
}

function textIn(value: Json | undefined): string {
  return typeof value === 'string' ? value : ''
}
