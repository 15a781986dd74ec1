import * as z from 'zod'

/** What `refused` and `notRefused` take. */
export const refusalParams = {
  in: z
    .enum(['output', 'transcript'])
    .default('output')
    .describe('Where to look: the final answer, or everything the agent said on the way to it.'),
  phrases: z
    .array(z.string().min(3).max(200))
    .max(100)
    .default([])
    .describe('Further ways in which your agent refuses, in any case.'),
}
