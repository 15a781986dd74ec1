import { fieldFidelity, observedField, type Trace } from '../../schema/trace.ts'

/**
 * Whether a value is a trace just as assembling makes them: every member is known, of its kind and in its range, and
 * nothing is left to a default. The schema then takes it as it is, which costs ten times as much to find out and copies
 * it besides. `false` decides nothing: it is for the schema to say, as for all that stands in no trace of OTLP (a task, a
 * plan, scores, attempts).
 */
export function isPlainTrace(value: unknown): value is Trace {
  return trace(value)
}

/** What was found to be so, of values that do not change: model requests repeat the conversation as the very same messages. */
function known(check: Check): Check {
  const found = new WeakSet<object>()
  return (value) => {
    if (typeof value !== 'object' || value === null) return check(value)
    if (found.has(value)) return true
    if (!check(value)) return false
    found.add(value)
    return true
  }
}

type Check = (value: unknown) => boolean

/** Members that must be there and those that may; `undefined` is absent. No others. */
function record(must: Readonly<Record<string, Check>>, may: Readonly<Record<string, Check>> = {}): Check {
  const checks = new Map([...Object.entries(must), ...Object.entries(may)])
  const needed = Object.keys(must)
  return (value) => {
    if (!isObject(value)) return false
    for (const key of Object.keys(value)) {
      const check = checks.get(key)
      const member = value[key]
      if (check === undefined || (member !== undefined && !check(member))) return false
    }
    return needed.every((key) => value[key] !== undefined)
  }
}

function list(item: Check): Check {
  return (value) => {
    if (!Array.isArray(value)) return false
    // Not `every`: it passes over holes.
    for (let at = 0; at < value.length; at++) if (!item(value[at])) return false
    return true
  }
}

/** By the member that says which of several shapes it has. */
function either(tag: string, shapes: Readonly<Record<string, Check>>): Check {
  const known = new Map(Object.entries(shapes))
  return (value) => {
    const name = isObject(value) ? value[tag] : undefined
    return typeof name === 'string' && known.get(name)?.(value) === true
  }
}

function oneOf(...values: readonly unknown[]): Check {
  const known = new Set(values)
  return (value) => known.has(value)
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

const text: Check = (value) => typeof value === 'string'
const someText: Check = (value) => typeof value === 'string' && value !== ''
const amount: Check = (value) => typeof value === 'number' && value >= 0 && value < Number.POSITIVE_INFINITY
/** What JSON can say was found out when the trace was given its id. */
const json: Check = (value) => value !== undefined
const truth: Check = (value) => typeof value === 'boolean'
const status = oneOf('ok', 'error')

const parts = list(
  either('type', {
    text: record({ type: text, content: text }),
    reasoning: record({ type: text, content: text }, { signature: text }),
    tool_call: record({ type: text, id: text, name: text, arguments: json }, { malformed: oneOf(true) }),
    tool_call_response: record({ type: text, id: text, response: json }, { isError: oneOf(true) }),
    opaque: record({ type: text, value: json }),
  }),
)
const message = known(record({ role: oneOf('system', 'user', 'assistant', 'tool'), parts }, { name: text }))
const usage = record(
  { input: amount, cacheRead: amount, cacheWrite: amount, output: amount },
  { reasoning: amount },
)
const tools = known(
  list(record({ name: someText }, { description: text, inputSchema: isObject, extra: isObject })),
)

const isField = oneOf(...observedField.options)
const isFidelity = oneOf(...fieldFidelity.options)
const fidelity: Check = (value) =>
  isObject(value) && Object.entries(value).every(([field, how]) => isField(field) && isFidelity(how))

const must = {
  id: someText,
  parent: (value: unknown) => value === null || text(value),
  kind: text,
  name: text,
  status,
}
const may = {
  startedAt: text,
  durationMs: amount,
  error: record({ type: text, message: text }),
  fidelity,
  attributes: isObject,
}
const other = record(must, { ...may, input: json, output: json })
const span = either('kind', {
  llm: record(
    {
      ...must,
      request: record(
        { messages: list(message) },
        { model: text, system: parts, tools, parameters: isObject },
      ),
    },
    {
      ...may,
      reply: record(
        { message },
        { model: text, finishReason: text, responseId: text, usage, costUsd: amount },
      ),
    },
  ),
  tool: record(
    { ...must, request: record({ name: text, arguments: json }, { malformed: oneOf(true), id: text }) },
    { ...may, reply: record({ response: json, isError: truth }) },
  ),
  human: record(
    { ...must, request: record({ name: text }, { question: json }) },
    { ...may, reply: record({ message }) },
  ),
  custom: other,
  agent: other,
  retrieval: other,
})

const trace = record(
  {
    v: oneOf(1),
    id: (value) => typeof value === 'string' && /^t_[0-9a-f]{20}$/.test(value),
    name: text,
    source: record({ format: text }, { at: text }),
    status,
    versions: record({}, { prompt: text, model: text, tools: text, code: text }),
    tags: list(text),
    attributes: isObject,
    scores: (value) => Array.isArray(value) && value.length === 0,
    spans: list(span),
  },
  {
    startedAt: text,
    durationMs: amount,
    input: json,
    output: json,
    session: someText,
    user: someText,
    usage,
    costUsd: amount,
  },
)
