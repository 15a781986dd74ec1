import * as z from 'zod'

/** What `noSecrets` and `noPii` take. */
export const leakParams = {
  in: z
    .enum(['output', 'transcript', 'tool-arguments'])
    .default('output')
    .describe(
      'Where to look: the final output, everything the agent said on the way to it, or what it gave to tools.',
    ),
  allow: z
    .array(z.string().min(3).max(500))
    .max(200)
    .default([])
    .describe(
      'Texts that may stand there, exactly as they are: `support@shop.example`, or `@shop.example` for a whole domain.',
    ),
  allowSaidByUser: z
    .boolean()
    .default(false)
    .describe('Whether what the user said may be said again: the address they asked to have changed.'),
}
