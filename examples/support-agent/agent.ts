import Anthropic from '@anthropic-ai/sdk'
import * as evalkit from 'evalkit/capture'
import { openShop } from './shop.ts'
import { approvalAboveUsd, supportTools } from './tools.ts'

export interface Ticket {
  readonly customer: string
  readonly text: string
}

/** Asked of the team lead: may this be refunded? */
export type Approve = (refund: { readonly order: string; readonly usd: number }) => boolean | Promise<boolean>

const prompt = `You answer tickets of a shop. Look up the customer and the order before you do anything.
Refund what arrived broken, cancel what has not left, and tell the customer by e-mail what you did.`

/** Model turns after which the agent gives up. */
const mostTurns = 12

/**
 * The agent: a loop around a model and six tools, as a team would write it. Two things make it recordable: the client
 * gets evalkit's `fetch`, and the run is named. In a replay the same code runs, and nothing leaves the process.
 */
export function supportAgent(approve: Approve = () => false) {
  // In a replay no key is needed, and none is looked at.
  const client = new Anthropic({
    fetch: evalkit.fetch,
    apiKey: process.env['ANTHROPIC_API_KEY'] ?? 'replayed',
  })

  return async function support(ticket: Ticket): Promise<string> {
    return evalkit.trace('support', { input: ticket, version: 'support-3' }, () =>
      answer(client, ticket, approve),
    )
  }
}

async function answer(client: Anthropic, ticket: Ticket, approve: Approve): Promise<string> {
  const tools = supportTools(openShop())
  const byName = new Map(
    tools.map((tool) => [tool.definition.name, tool as (args: unknown) => Promise<unknown>]),
  )
  const messages: Anthropic.MessageParam[] = [
    { role: 'user', content: `Ticket of customer ${ticket.customer}: ${ticket.text}` },
  ]
  for (let turn = 0; turn < mostTurns; turn++) {
    const said = await client.messages
      .stream({
        model: 'claude-haiku-4-5-20251001',
        max_tokens: 1024,
        system: prompt,
        messages,
        tools: tools.map(({ definition }) => definition),
      })
      .finalMessage()
    const calls = said.content.filter((block) => block.type === 'tool_use')
    if (calls.length === 0)
      return said.content.flatMap((block) => (block.type === 'text' ? [block.text] : [])).join('\n')
    messages.push({ role: 'assistant', content: said.content })
    // Calls of one turn run beside each other.
    const content = await Promise.all(calls.map((call) => resultOf(call, byName, approve)))
    messages.push({ role: 'user', content })
  }
  throw new Error(`No answer after ${mostTurns} turns.`)
}

async function resultOf(
  { id, name, input }: Anthropic.ToolUseBlock,
  tools: ReadonlyMap<string, (args: unknown) => Promise<unknown>>,
  approve: Approve,
): Promise<Anthropic.ToolResultBlockParam> {
  const result = { type: 'tool_result', tool_use_id: id } as const
  try {
    if (name === 'issue_refund' && !(await approved(input as Refund, approve))) {
      return { ...result, is_error: true, content: 'The team lead said no.' }
    }
    const tool = tools.get(name)
    if (tool === undefined) throw new Error(`There is no tool ${name}.`)
    return { ...result, content: JSON.stringify(await tool(input)) }
  } catch (error) {
    return { ...result, is_error: true, content: error instanceof Error ? error.message : String(error) }
  }
}

interface Refund {
  readonly order: string
  readonly usd: number
}

/** Asking a person is recorded as asking a model is: in a replay the recorded answer is given. */
async function approved({ order, usd }: Refund, approve: Approve): Promise<boolean> {
  if (usd <= approvalAboveUsd) return true
  const question = { name: 'approve-refund', question: { order, usd } }
  return evalkit.human(question, async () => approve({ order, usd }))
}
