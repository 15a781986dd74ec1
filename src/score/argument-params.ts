import * as z from 'zod'

const argumentMode = z.enum(['exact', 'subset', 'superset', 'ignore'])
const argumentPaths = z.array(z.string().min(1)).min(1)

/** The parameters of every check that compares calls with a reference: how their arguments must agree, and whose count. */
export const argumentParams = {
  args: argumentMode
    .default('exact')
    .describe(
      'How arguments are compared, by top-level key: `exact`, `subset` (no more than the reference gives), ' +
        '`superset` (all the reference gives), or `ignore`.',
    ),
  tools: z
    .record(
      z.string(),
      z.strictObject({
        args: z.union([argumentMode, argumentPaths], {
          error: 'use "exact", "subset", "superset", "ignore" or a list of dotted key paths',
        }),
      }),
    )
    .default({})
    .describe(
      "Other rules for single tools: `{ book: { args: 'ignore' } }`, or the dotted key paths that must agree, " +
        "`{ book: { args: ['user.id'] } }`.",
    ),
  ignoreTools: z.array(z.string()).default([]).describe('Tools whose calls do not count on either side.'),
  tolerance: z.number().nonnegative().default(0).describe('By how much two numbers in arguments may differ.'),
}
