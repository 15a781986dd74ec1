import { cheapestAssignment } from '../lib/assign.ts'
import type { MadeCall } from './evidence.ts'
import { argumentDifferences } from './match-arguments.ts'
import { allowsMore, type CallMatch, type MatchOptions, needsAll, ordered, ruleFor } from './match-calls.ts'
import { count, listed, short, shown } from './show.ts'

/** How many calls, and differences of one call, a reason shows. */
const mostShown = 4
/** Calls of one tool among which the nearest are looked for; the work grows with the cube. */
const mostCompared = 40
/** Characters of a whole reason. */
const longestReason = 1_500

/**
 * Why calls match a reference or do not, in a line a person understands: what is missing, what is extra, and for
 * calls of the right tool with wrong arguments, where they differ from the nearest reference call.
 */
export function explainCalls(
  made: readonly MadeCall[],
  reference: readonly MadeCall[],
  match: CallMatch,
  options: MatchOptions,
): string {
  const matched = `${match.pairs.length} of ${count(reference.length, 'reference call')} matched`
  if (match.passed) return passedLine(match, options, matched)
  const near = nearestPairs(made, reference, match, options)
  const different = near.map((pair) => pair.what)
  const missing = match.missing.filter((of) => !near.some((pair) => pair.reference === of))
  const extra = match.extra.filter((at) => !near.some((pair) => pair.made === at))
  const lines = [
    matched,
    ...line('different', different, '; '),
    ...line('missing', needsAll(options.mode) ? missing.map((of) => callText(reference[of])) : []),
    ...line('extra', allowsMore(options.mode) ? [] : extra.map((at) => callText(made[at]))),
  ]
  return short(lines.join('; '), longestReason)
}

function passedLine({ missing, extra }: CallMatch, { mode }: MatchOptions, matched: string): string {
  if (mode === 'subset' && missing.length > 0) return `${matched}, no call beside them`
  return allowsMore(mode) && extra.length > 0 ? `${matched}, ${extra.length} more made` : matched
}

function line(word: string, items: readonly string[], separator = ', '): readonly string[] {
  if (items.length === 0) return []
  const rest = items.length - mostShown
  const text = items.slice(0, mostShown).join(separator)
  return [`${word}: ${text}${rest > 0 ? `${separator}and ${rest} more` : ''}`]
}

interface NearPair {
  readonly made: number
  readonly reference: number
  readonly what: string
}

/** Pairs up what found no partner, tool by tool, so that the fewest arguments differ. */
function nearestPairs(
  made: readonly MadeCall[],
  reference: readonly MadeCall[],
  match: CallMatch,
  options: MatchOptions,
): readonly NearPair[] {
  const names = new Set(match.missing.map((of) => reference[of]?.name))
  const pairs: NearPair[] = []
  for (const name of names) {
    const lefts = match.missing.filter((of) => reference[of]?.name === name).slice(0, mostCompared)
    const rights = match.extra.filter((at) => made[at]?.name === name).slice(0, mostCompared)
    const found = lefts.map((of) => rights.map((at) => differencesOf(made[at], reference[of], options)))
    const pairing = cheapestAssignment(found.map((row) => row.map((differences) => differences.length)))
    for (const [index, of] of lefts.entries()) {
      const right = pairing[index]
      const at = right === undefined ? undefined : rights[right]
      if (right === undefined || at === undefined) continue
      pairs.push({ made: at, reference: of, what: pairText(made[at], found[index]?.[right] ?? [], options) })
    }
  }
  return pairs
}

function differencesOf(made: MadeCall | undefined, reference: MadeCall | undefined, options: MatchOptions) {
  if (made === undefined || reference === undefined) return []
  return argumentDifferences(made, reference, ruleFor(made.name, options), options.tolerance ?? 0)
}

function pairText(
  made: MadeCall | undefined,
  differences: ReturnType<typeof differencesOf>,
  options: MatchOptions,
): string {
  const name = short(made?.name ?? '', 60)
  if (made?.malformed === true) return `${name}: its arguments are not JSON, ${shown(made.arguments)}`
  if (differences.length === 0 && ordered(options.mode)) return `${name} is made, but out of order`
  const texts = differences.map(({ path, expected, got }) => {
    if (expected === undefined && got === undefined) return `${short(path, 60)} is on neither side`
    const where = path === '' ? 'the arguments are' : `${short(path, 60)} is`
    return `${where} ${shown(got, 60)}, not ${shown(expected, 60)}`
  })
  return `${name}: ${listed(texts, mostShown)}`
}

function callText(call: MadeCall | undefined): string {
  if (call === undefined) return 'a call'
  const text = call.malformed === true ? `not JSON: ${shown(call.arguments, 80)}` : shown(call.arguments, 100)
  return `${short(call.name, 60)}(${text})`
}
