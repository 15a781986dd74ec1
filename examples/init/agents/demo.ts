import * as evalkit from 'evalkit/capture'

/**
 * A small agent of a tea shop: it looks orders up, knows the opening hours, and cancels what has not left yet. Two
 * things make it testable: its model is asked through `evalkit.fetch`, and its tools stand behind `evalkit.tool`. In a
 * replay the recording answers both; anywhere else they are the real ones. A client works as well as a plain request:
 * `new OpenAI({ fetch: evalkit.fetch })`. `evalkit.trace` records a run, in production too: in .evalkit/spool.
 */

const orders = new Map([
  ['W12', { item: 'green tea', status: 'packing' }],
  ['W13', { item: 'a teapot', status: 'shipped' }],
  ['W14', { item: 'black tea', status: 'packing' }],
])

const findOrder = evalkit.tool(
  definition('find_order', 'Looks an order up.', 'order'),
  ({ order }: { order: string }) => orders.get(order) ?? { error: `There is no order ${order}.` },
  { effect: 'read' },
)

const openingHours = evalkit.tool(
  definition('opening_hours', 'Says when the shop is open.', 'day'),
  ({ day }: { day: string }) => (day === 'Sunday' ? { closed: true } : { from: '9:00', to: '18:00' }),
  { effect: 'pure' },
)

const cancelOrder = evalkit.tool(
  definition('cancel_order', 'Cancels an order that was not shipped yet.', 'order'),
  ({ order }: { order: string }) => {
    const found = orders.get(order)
    if (found?.status !== 'packing') return { error: `Order ${order} cannot be cancelled.` }
    found.status = 'cancelled'
    return { cancelled: order }
  },
  { effect: 'write', risk: 'high' },
)

const tools = { find_order: findOrder, opening_hours: openingHours, cancel_order: cancelOrder }

const instructions =
  'You answer customers of a tea shop, in one or two sentences. Look an order up before you say anything of it. ' +
  'Cancel only what the customer asks you to cancel, and never an order that was shipped.'

/** Answers one question. */
export async function demo(question: string, { signal }: { signal?: AbortSignal } = {}): Promise<string> {
  return evalkit.trace('demo', { input: question }, () => answer(question, signal))
}

/** Asks the model, runs the tools it asks for, and so on until it has an answer. */
async function answer(question: string, signal: AbortSignal | undefined): Promise<string> {
  const messages: Message[] = [
    { role: 'system', content: instructions },
    { role: 'user', content: question },
  ]
  for (let turn = 1; turn <= 8; turn++) {
    const { content, tool_calls: calls = [] } = await askModel(messages, signal)
    if (calls.length === 0) return content ?? ''
    messages.push({ role: 'assistant', content, tool_calls: calls })
    messages.push(...(await Promise.all(calls.map(runTool))))
  }
  throw new Error('The model asked for tools 8 times and gave no answer.')
}

/** One request to OpenAI's chat completions, or to whatever speaks that format at OPENAI_BASE_URL. */
async function askModel(messages: Message[], signal: AbortSignal | undefined): Promise<Message> {
  const { OPENAI_BASE_URL, OPENAI_API_KEY = '' } = process.env
  const response = await evalkit.fetch(`${OPENAI_BASE_URL || 'https://api.openai.com/v1'}/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${OPENAI_API_KEY}` },
    body: JSON.stringify({
      model: 'gpt-4o-mini',
      temperature: 0,
      messages,
      tools: Object.values(tools).map((tool) => tool.definition),
    }),
    signal: signal ?? null,
  })
  if (!response.ok) throw new Error(`The model answered ${response.status}: ${await response.text()}`)
  const { choices } = (await response.json()) as { choices: { message: Message }[] }
  if (choices[0] === undefined) throw new Error('The model sent no answer.')
  return choices[0].message
}

/** What a tool says, as the message that the model reads. A tool that fails is something the model can be told. */
async function runTool({ id, function: { name, arguments: text } }: ToolCall): Promise<Message> {
  const tool = tools[name as keyof typeof tools]
  const result = tool === undefined ? { error: `There is no tool ${name}.` } : await tool(JSON.parse(text))
  return { role: 'tool', tool_call_id: id, content: JSON.stringify(result) }
}

/** A tool of one argument, as the model is told of it. */
function definition(name: string, description: string, argument: string) {
  const parameters = {
    type: 'object',
    properties: { [argument]: { type: 'string' } },
    required: [argument],
    additionalProperties: false,
  }
  return { type: 'function', function: { name, description, parameters } }
}

// With a key, `node agents/demo.ts "Where is W14?"` asks the real model, and records the run.
if (process.argv[1] === import.meta.filename) {
  process.stdout.write(`${await demo(process.argv[2] ?? 'Where is order W14?')}\n`)
}

interface ToolCall {
  id: string
  type: string
  function: { name: string; arguments: string }
}

interface Message {
  role: 'system' | 'user' | 'assistant' | 'tool'
  content: string | null
  tool_calls?: ToolCall[]
  tool_call_id?: string
}
