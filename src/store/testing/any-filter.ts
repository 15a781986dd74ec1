import * as fc from 'fast-check'
import type { Condition, Filter } from '../../schema/trace-query.ts'

const oneOf = fc.constantFrom('=', '!=', '<', '<=', '>', '>=')
const equal = fc.constantFrom('=', '!=')

/** Any condition on a trace that makes sense. */
const anyCondition: fc.Arbitrary<Condition> = fc.oneof(
  fc.record({
    field: fc.constantFrom(
      ...([
        'id',
        'name',
        'format',
        'task',
        'ended',
        'model',
        'tool',
        'tag',
        'session',
        'user',
        'prompt',
        'code',
      ] as const),
    ),
    op: fc.constantFrom('=', '!=', '~'),
    value: fc.oneof(
      fc.constantFrom(
        'support',
        'SUPPORT',
        'kim',
        'one',
        'v1',
        'find',
        'large',
        'small',
        'vip',
        '1',
        'user_stop',
        't_',
        'tau',
        '',
      ),
      fc.string({ unit: 'binary', maxLength: 3 }),
    ),
  }),
  fc.record({
    field: fc.constantFrom(
      'trial',
      'duration',
      'tokens',
      'cost',
      'spans',
      'calls',
      'errors',
      'score.reward',
      'score.tone',
      'score.x',
    ),
    op: fc.constantFrom('=', '!=', '<', '<=', '>', '>='),
    value: fc.constantFrom(0, 0.1, 0.5, 1, 2, 2.5, 5, 2000),
  }),
  fc.record({
    field: fc.constant('started'),
    op: fc.constantFrom('=', '!=', '<', '<=', '>', '>='),
    value: fc.constantFrom('2025-06-01', '2025-06-02', '2025-06-01T10:00:00Z', '2025-06-01T11:00'),
  }),
  fc.record({
    field: fc.constant('text'),
    op: fc.constantFrom('~', '=', '!='),
    value: fc.oneof(
      fc.constantFrom('gift', 'gift card', 'ref', 'refund', 'cafe', '返金', '½', 'long words long', 'words'),
      fc.string({ unit: 'binary', minLength: 1, maxLength: 6 }).map((text) => `x ${text}`),
    ),
  }),
  fc.record({ field: fc.constant('status'), op: equal, value: fc.constantFrom('ok', 'error') }),
  fc.record({ field: fc.constant('error'), op: equal, value: fc.boolean() }),
  fc.record({
    field: fc.constantFrom('cost', 'tokens', 'duration', 'trial', 'score.reward', 'score.a b'),
    op: equal,
    value: fc.constant('unknown'),
  }),
)

/** Any condition on a span that makes sense. */
const anySpanCondition: fc.Arbitrary<Condition> = fc.oneof(
  fc.record({
    field: fc.constantFrom('span.name', 'span.tool', 'span.model'),
    op: fc.constantFrom('=', '!=', '~'),
    value: fc.constantFrom('find', 'THINK', 'refund', 'large', 'small', 'span', 'chat', ''),
  }),
  fc.record({
    field: fc.constant('span.kind'),
    op: equal,
    value: fc.constantFrom('llm', 'tool', 'agent', 'human', 'retrieval', 'custom'),
  }),
  fc.record({ field: fc.constant('span.status'), op: equal, value: fc.constantFrom('ok', 'error') }),
  fc.record({ field: fc.constant('span.error'), op: equal, value: fc.boolean() }),
  fc.record({
    field: fc.constantFrom('span.duration', 'span.tokens', 'span.cost'),
    op: oneOf,
    value: fc.constantFrom(0, 0.1, 1, 2.5, 5, 2000),
  }),
  fc.record({
    field: fc.constantFrom('span.duration', 'span.tokens', 'span.cost'),
    op: equal,
    value: fc.constant('unknown'),
  }),
  fc.record({
    field: fc.constant('span.started'),
    op: oneOf,
    value: fc.constantFrom('2025-06-01', '2025-06-01T10:00', '2025-06-02'),
  }),
)

/** Conditions put together by `and`, `or` and `not`, up to three levels deep. */
function combined(leaf: fc.Arbitrary<Filter>, depth: number): fc.Arbitrary<Filter> {
  if (depth === 0) return leaf
  const inner = combined(leaf, depth - 1)
  const several = fc.array(inner, { minLength: 2, maxLength: 3 })
  return fc.oneof(
    { weight: 3, arbitrary: leaf },
    { weight: 1, arbitrary: several.map((and): Filter => ({ and })) },
    { weight: 1, arbitrary: several.map((or): Filter => ({ or })) },
    { weight: 1, arbitrary: inner.map((not): Filter => ({ not })) },
  )
}

const anySpanFilter = combined(anySpanCondition, 2)

/** Any filter that makes sense, as `parseWhere` would give it. */
export const anyFilter: fc.Arbitrary<Filter> = combined(
  fc.oneof(
    { weight: 4, arbitrary: anyCondition },
    { weight: 1, arbitrary: anySpanFilter.map((any): Filter => ({ any })) },
    { weight: 1, arbitrary: anySpanFilter.map((all): Filter => ({ all })) },
    { weight: 1, arbitrary: anySpanFilter.map((none): Filter => ({ none })) },
  ),
  3,
)
