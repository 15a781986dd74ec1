import { describe, expect, it } from 'vitest'
import { canonicalJson, sameJson } from '../../lib/json.ts'
import { attempt as attemptSchema, type Attempt } from '../../schema/attempt.ts'
import { type LlmReply, type ToolReply, toolReply } from '../../schema/call.ts'
import { asks } from '../../schema/testing/recordings.ts'
import { writtenAttempt } from '../../tap/answer.ts'
import { isStream, readAttempt } from '../../tap/read-attempt.ts'
import { wires } from '../../tap/wire/index.ts'
import type { Whole } from '../injection.ts'
import type { Fault, ToolShape } from './fault.ts'
import { readFault, writeFault } from './schedule.ts'

const reply = { ...asks([['get_order', { order: 'Wörter 12' }]]), finishReason: 'tool_calls' }

/** Recorded replies of all kinds a fault may meet. */
const recordedTools: readonly ToolReply[] = [
  'plain words',
  '{"order":"W12","items":[1,2]}',
  '',
  { order: 'W12', lines: [{ sku: 'a', n: 2 }], paid: true, note: null },
  [{ id: 1 }, { id: 2 }],
  [],
  {},
  null,
  7,
  { content: [{ type: 'text', text: '{"status":"sent"}' }], structuredContent: { status: 'sent' } },
  { content: [] },
].flatMap((response) => [
  { response, isError: false },
  { response, isError: true },
])

/** What other endpoints sent. */
const endpoints: readonly Attempt[] = [
  {
    status: 200,
    headers: { 'content-type': 'application/json' },
    body: '{"orders":[{"id":1}],"next":null}',
  },
  { status: 200, headers: { 'content-type': 'text/plain' }, body: 'sent' },
  { status: 204, headers: {} },
  { status: 200, headers: {}, base64: '//79AAE=' },
  { headers: {}, error: { type: 'TypeError', message: 'fetch failed', code: 'ECONNREFUSED' } },
]

const exchanges: readonly (readonly [name: string, whole: Whole])[] = [
  ...Object.values(wires).flatMap((wire) =>
    [false, true].map((streamed): readonly [string, Whole] => {
      const request = { model: 'm', messages: [] }
      const write = (other: LlmReply): Attempt => writtenAttempt(other, { wire, request, streamed })
      return [
        `${wire.name}${streamed ? ', streamed' : ''}`,
        { attempt: write(reply), idempotencyKey: undefined, signal: undefined, model: { reply, write } },
      ]
    }),
  ),
  ...endpoints.map((attempt): readonly [string, Whole] => [
    `an endpoint: ${canonicalJson(attempt)}`,
    { attempt, idempotencyKey: undefined, signal: undefined, model: undefined },
  ]),
]

/**
 * What every fault keeps to: it happens where it says, the same each time, and makes valid records that are not what was
 * recorded, unless it only takes time.
 *
 * ```ts
 * describeFault(timeout)
 * ```
 */
export function describeFault(fault: Fault): void {
  const number = fault.argument?.fallback ?? 0
  describe(`${fault.name}, as a fault`, () => {
    it('says what it is', () => {
      expect(fault.name).toMatch(/^[a-z]+(?:-[a-z]+)*$/)
      expect(fault.description).toMatch(/^[A-Z].*\.$/s)
      expect(readFault(fault.name)).toEqual({ fault, argument: number })
      expect(readFault(writeFault({ fault, argument: number }))).toEqual({ fault, argument: number })
      expect(['no', 'maybe', 'yes']).toContain(fault.done(number))
    })

    it('can happen where it says it can', () => {
      expect(fault.try !== undefined).toBe(fault.places.includes('model') || fault.places.includes('http'))
      const toTools = [fault.fails, fault.changes, fault.takes].filter((way) => way !== undefined)
      expect(toTools).toHaveLength(fault.places.includes('tool') ? 1 : 0)
      // Who is asked and fails may be asked again; who did it, and said so, brought something.
      expect(fault.fails !== undefined && fault.done(number) === 'yes').toBe(false)
    })

    it.each(exchanges)('makes a valid try of %s, the same each time', (_, whole) => {
      const [made, again] = [fault.try?.(whole, number), fault.try?.(whole, number)]
      expect(again).toEqual(made)
      expect(made === undefined ? undefined : attemptSchema.parse(made)).toEqual(made)
      expect(sameJson(made, whole.attempt)).toBe(fault.delivers === true)
    })

    it.each(Object.values(wires))('makes a try that $name does not take for the recorded reply', (wire) => {
      const tries = [false, true].flatMap((streamed) => {
        const write = (other: LlmReply): Attempt =>
          writtenAttempt(other, { wire, request: { model: 'm', messages: [] }, streamed })
        const attempt = write(reply)
        const whole = { attempt, idempotencyKey: undefined, signal: undefined, model: { reply, write } }
        const made = fault.places.includes('model') ? fault.try?.(whole, number) : undefined
        return made === undefined ? [] : [{ made, attempt }]
      })
      const brought = tries.filter(({ made, attempt }) => {
        const [ours, theirs] = [readAttempt(made, wire), readAttempt(attempt, wire)]
        // A stream is read as far as it came, whoever made it.
        return !isStream(made) && sameJson(ours.reply, theirs.reply)
      })
      expect(brought).toHaveLength(fault.delivers === true ? 1 : 0)
      const refused = tries.filter(({ made: { status = 0 } }) => status >= 400)
      const said = refused.map(({ made }) => readAttempt(made, wire).error?.message)
      expect(said).toEqual(refused.map(() => expect.stringMatching(/^[A-Z][\w ]+\.?$/)))
    })

    it('makes a valid reply of every tool’s, the same each time', () => {
      const make = (recorded: ToolReply, shape: ToolShape): ToolReply | undefined =>
        fault.fails?.(shape, number) ?? fault.changes?.(recorded)
      const made = recordedTools.flatMap((recorded) =>
        (['code', 'mcp'] as const).flatMap((shape) => {
          const ours = make(recorded, shape)
          return ours === undefined ? [] : [{ recorded, ours, again: make(recorded, shape) }]
        }),
      )
      for (const { recorded, ours, again } of made) {
        expect(toolReply.parse(ours)).toEqual(ours)
        expect(again).toEqual(ours)
        expect(ours).not.toEqual(recorded)
        expect(ours.isError || fault.fails === undefined).toBe(true)
      }
      // It reaches most results, and none that was an error already, unless it brings nothing at all.
      const worked = new Set(made.filter(({ recorded }) => !recorded.isError).map(({ recorded }) => recorded))
      expect(worked.size).toBeGreaterThanOrEqual(fault.takes === undefined ? 6 : 0)
      expect(made.some(({ recorded }) => recorded.isError)).toBe(fault.fails !== undefined)
    })
  })
}
