/** Answers every ticket once, recorded: what production would leave behind. Traces go to .evalkit/spool. */
import { supportAgent } from './agent.ts'
import { tickets } from './tickets.ts'

const support = supportAgent(({ usd }) => usd < 500)
for (const { ticket } of tickets) console.log(await support(ticket))
