import type { Span, Trace } from '../../schema/trace.ts'

/** A trace as an outline: kind, name, how it went and how many tries it took, indented by depth. */
export function outlineOf({ spans }: Trace): readonly string[] {
  const under = (parent: string | null, depth: number): readonly string[] =>
    spans
      .filter((span) => span.parent === parent)
      .flatMap((span) => [`${'  '.repeat(depth)}${lineOf(span)}`, ...under(span.id, depth + 1)])
  return under(null, 0)
}

function lineOf(span: Span): string {
  const attempts = 'attempts' in span ? (span.attempts?.length ?? 0) : 0
  const counted = attempts === 0 ? '' : ` x${attempts}`
  return `${span.kind} ${span.name}${span.status === 'ok' ? '' : ' error'}${counted}`
}
