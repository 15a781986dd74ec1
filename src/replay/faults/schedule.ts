import { readJson } from '../../lib/json.ts'
import { nearestWord } from '../../lib/nearest.ts'
import { cut, oneLine } from '../../lib/text.ts'
import { EvalkitError } from '../../schema/errors.ts'
import type { FaultPlace } from '../../schema/fault.ts'
import type { Recording } from '../../schema/recording.ts'
import type { Fault } from './fault.ts'
import { faults } from './kinds/index.ts'

/** One fault, with its number. */
export interface FaultUse {
  readonly fault: Fault
  readonly argument: number
}

/** When and where a fault happens. */
export interface FaultRule extends FaultUse {
  /** `any`: the calls of models, tools and other endpoints, counted together. */
  readonly place: FaultPlace | 'any'
  /** Of a tool. */
  readonly name?: string
  /** From which of these calls on. Left out: the first. */
  readonly nth?: number
  /**
   * Over HTTP: the tries of that one call. Of a tool: its calls one after the other, because there each try of an agent is
   * a call of its own. `always`: every call, and every try of it.
   */
  readonly times: number | 'always'
}

/** What happens in one trial. Of several rules that fit a call, all happen over HTTP; of a tool's call, the first. */
export interface Schedule {
  readonly rules: readonly FaultRule[]
  /** What it was made with, where chance decided. */
  readonly seed?: number
}

/** A try more than any client makes by itself; what never stops has `always`. */
const mostTimes = 1000
const longestRule = 300

/**
 * Reads a rule: `<where>[@<nth>]: <fault> [<number>] [x<times>|x*]`. Where is a tool's name (in quotes, as JSON, where it
 * holds `@`, `:` or a space), `model`, `http` (other endpoints) or `*`. Without `@` and `x` it happens always; with `@`
 * alone, once. Throws `EVK_FAULT_INVALID` with the place in the text, and the word that was probably meant.
 */
export function readRule(text: string): FaultRule {
  const reader = readerOf(text)
  const quoted = reader.take(/"(?:[^"\\]|\\.)*"/y)
  const word = quoted ?? reader.take(/[^\s@:"]+/y)
  if (word === undefined) return reader.fail('expected where it happens: a tool, model, http or *')
  const where = quoted === undefined ? whereOf(word) : toolIn(quoted)
  if (where === undefined)
    return reader.fail('expected the name of a tool in quotes, as JSON writes it', word)
  reader.take(/\s+/y)
  const digits = reader.take(/@/y) === undefined ? undefined : (reader.take(/[^\s:]*/y) ?? '')
  const nth = digits === undefined ? undefined : countIn(digits)
  if (nth === 'none')
    return reader.fail(`expected which call it is, from 1 to ${mostTimes}, behind @`, digits)
  reader.take(/\s+/y)
  if (reader.take(/:/y) === undefined) return reader.fail('expected ":" and a fault')
  reader.take(/\s+/y)
  const use = readUse(reader)
  const times = readTimes(reader)
  reader.take(/\s+/y)
  if (!reader.atEnd()) return reader.fail('expected the end', reader.take(/\S+/y))
  const { place } = where
  if (place !== 'any' && !use.fault.places.includes(place)) {
    const at = use.fault.places.map((one) => (one === 'tool' ? 'tools' : one)).join(' and ')
    return reader.fail(`${use.fault.name} happens to ${at} only`, '')
  }
  return {
    ...where,
    ...use,
    ...(nth === undefined ? {} : { nth }),
    times: times ?? (nth === undefined ? 'always' : 1),
  }
}

/** A fault by itself: `503`, `slow 5s`. Throws `EVK_FAULT_INVALID`. */
export function readFault(text: string): FaultUse {
  const reader = readerOf(text)
  const use = readUse(reader)
  return reader.atEnd() ? use : reader.fail('expected the end', reader.take(/\S+/y))
}

/** Whether a text is a fault by itself, as far as its form tells: without a place. */
export function isBare(text: string): boolean {
  return !text.includes(':')
}

/** A rule as `readRule` reads it: one spelling for each. */
export function writeRule(rule: FaultRule): string {
  const { place, name = '', nth, times } = rule
  const words: readonly string[] = ['model', 'http', '*']
  const isPlain = /^[^\s@:"]+$/.test(name) && !words.includes(name)
  const where = place === 'any' ? '*' : place === 'tool' ? (isPlain ? name : JSON.stringify(name)) : place
  const isDefault = nth === undefined ? times === 'always' : times === 1
  return `${where}${nth === undefined ? '' : `@${nth}`}: ${writeFault(rule)}${isDefault ? '' : timesText(times)}`
}

/** A fault as `readFault` reads it. */
export function writeFault({ fault: { name, argument: takes }, argument }: FaultUse): string {
  if (takes?.alone === true) return takes.write(argument)
  return takes === undefined || takes.fallback === argument ? name : `${name} ${takes.write(argument)}`
}

/**
 * That a recording knows the tools a schedule names: a fault that never happens proves nothing. Throws
 * `EVK_FAULT_INVALID` with the tool that was probably meant.
 */
export function assertKnown({ rules }: Schedule, { calls }: Pick<Recording, 'calls'>): void {
  const names = new Set(calls.flatMap((call) => (call.kind === 'tool' ? [call.request.name] : [])))
  for (const { name } of rules) {
    if (name === undefined || names.has(name)) continue
    const near = nearestWord(name, [...names])
    const advice = near === undefined ? listOf([...names]) : `did you mean "${oneLine(near, 80)}"?`
    throw new EvalkitError('EVK_FAULT_INVALID', `The run calls no tool "${oneLine(name, 80)}".`, {
      details: [advice],
    })
  }
}

function listOf(names: readonly string[]): string {
  if (names.length === 0) return 'it calls no tools at all'
  return `its tools: ${names
    .slice(0, 20)
    .map((name) => oneLine(name, 80))
    .join(', ')}`
}

function whereOf(word: string): Pick<FaultRule, 'place' | 'name'> {
  if (word === 'model' || word === 'http') return { place: word }
  return word === '*' ? { place: 'any' } : { place: 'tool', name: word }
}

function toolIn(quoted: string): Pick<FaultRule, 'place' | 'name'> | undefined {
  const read = readJson(quoted)
  if (!read.ok || typeof read.value !== 'string' || read.value === '') return undefined
  return { place: 'tool', name: read.value }
}

function countIn(digits: string | undefined): number | 'none' {
  if (digits === undefined || !/^[1-9]\d{0,3}$/.test(digits)) return 'none'
  const count = Number(digits)
  return count <= mostTimes ? count : 'none'
}

/** `x2`, `x*`; `undefined` where it is not said. */
function readTimes(reader: Reader): number | 'always' | undefined {
  if (reader.take(/\s+x(?=[\d*])/y) === undefined) return undefined
  if (reader.take(/\*/y) !== undefined) return 'always'
  const digits = reader.take(/\S*/y)
  const times = countIn(digits)
  return times === 'none' ? reader.fail(`expected how often, x1 to x${mostTimes} or x*`, digits) : times
}

function timesText(times: number | 'always'): string {
  return times === 'always' ? ' x*' : ` x${times}`
}

function readUse(reader: Reader): FaultUse {
  const word = reader.take(/[^\s]+/y)
  if (word === undefined) return reader.fail(`expected a fault: ${faults.map(({ name }) => name).join(', ')}`)
  const alone = aloneIn(word)
  if (alone !== undefined) return alone
  const fault = faults.find(({ name }) => name === word)
  if (fault === undefined) {
    const near = nearestWord(word, [...faults.map(({ name }) => name), '429', '503', '529'])
    const advice = near === undefined ? `faults: ${faults.map(({ name }) => name).join(', ')}` : undefined
    return reader.fail(
      `there is no fault "${cut(word, 40)}"${near === undefined ? '' : `; did you mean "${near}"?`}`,
      word,
      advice,
    )
  }
  const { argument: takes } = fault
  const given = reader.take(/\s+(?!x[\d*])\S+/y)
  if (given === undefined) return { fault, argument: takes?.fallback ?? 0 }
  if (takes === undefined) return reader.fail(`${fault.name} takes no number`, given.trim())
  const argument = takes.read(given.trim())
  if (argument === undefined) return reader.fail(`${fault.name} takes ${takes.what}`, given.trim())
  return { fault, argument }
}

/** A number that says which fault it is: a status. */
function aloneIn(word: string): FaultUse | undefined {
  const limit = faults.find(({ name }) => name === 'rate-limit')
  if (word === '429' && limit?.argument !== undefined)
    return { fault: limit, argument: limit.argument.fallback }
  for (const fault of faults) {
    const argument = fault.argument?.alone === true ? fault.argument.read(word) : undefined
    if (argument !== undefined) return { fault, argument }
  }
  return undefined
}

interface Reader {
  /** What stands here, if it fits the sticky pattern. */
  take(pattern: RegExp): string | undefined
  atEnd(): boolean
  /** Throws, at the place before `taken`. */
  fail(what: string, taken?: string, more?: string): never
}

function readerOf(text: string): Reader {
  let at = text.length - text.trimStart().length
  const end = text.trimEnd().length
  const fail = (what: string, taken = '', more?: string): never => {
    const column = Math.max(0, at - taken.length)
    const shown = oneLine(text, longestRule)
    throw new EvalkitError(
      'EVK_FAULT_INVALID',
      `This is no fault: ${oneLine(what, 400)} (column ${column + 1}).`,
      {
        details: [...(more === undefined ? [] : [more]), `in: ${shown}`],
      },
    )
  }
  if (text.length > longestRule) {
    at = longestRule
    fail(`a rule has ${longestRule} characters at most`)
  }
  return {
    take(pattern) {
      pattern.lastIndex = at
      const found = pattern.exec(text)
      if (found === null || at >= end) return undefined
      at += found[0].length
      return found[0]
    },
    atEnd: () => at >= end,
    fail,
  }
}
