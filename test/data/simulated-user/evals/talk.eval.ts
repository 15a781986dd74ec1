import { defineEval, loop, simulated } from 'evalkit'
import { maxSteps, maxTokens, toolCalls } from 'evalkit/checks'
import settings from './settings.json' with { type: 'json' }

export default defineEval({
  name: 'talk',
  dataset: 'talk',
  target: loop(settings.agent as Parameters<typeof loop>[0]),
  // The agent's own: three model calls and one of a tool, 110 tokens a reply.
  checks: [toolCalls({ mode: 'unordered' }), maxSteps({ steps: 4 }), maxTokens({ tokens: 330 })],
  user: simulated(settings.user),
})
