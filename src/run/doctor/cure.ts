import { defined } from '../../lib/defined.ts'
import { byCodeUnit, sameJson } from '../../lib/json.ts'
import { anyItem, readPath } from '../../lib/json-path.ts'
import type { Cure, CureLines, Place, Shape, Source } from '../../schema/doctor.ts'
import type { Json } from '../../schema/json.ts'
import type { Normalizers } from '../../schema/normalizers.ts'
import type { Effect, ToolsFile } from '../../schema/tool.ts'
import { sameButTokens } from './shape.ts'

/** What stood at a place in the recording and in two runs. */
export interface Values {
  readonly recorded?: Json | undefined
  readonly first?: Json | undefined
  readonly second?: Json | undefined
}

/** The line that makes a source harmless, or what else would. */
export function cureOf({ kind, name, path }: Place, shape: Shape, values: Values): Cure {
  if (kind === 'tool' && shape !== 'order' && path.startsWith('arguments') && allScalar(values)) {
    return { kind: 'tool', tool: name, path }
  }
  const { recorded, first, second } = values
  if (
    kind === 'llm' &&
    sameButTokens(recorded, first) &&
    (sameJson(first, second) || sameButTokens(first, second))
  ) {
    return { kind: 'model', path }
  }
  return { kind: 'advice', what: adviceOn(kind, shape) }
}

function adviceOn(kind: Place['kind'], shape: Shape): string {
  if (kind === 'calls') {
    return 'the agent does other things in every run: let what it decides by come from its input, or from Math.random and Date, which a replay holds still'
  }
  if (shape === 'order') return 'the items come in another order in every run: sort them before they are sent'
  if (kind === 'output') {
    return 'leave it out of the output, or ask for the rest in a check: a score that looks at it is chance'
  }
  if (kind === 'tool')
    return 'bring it to one form before the call: nothing that is sometimes there can be bound'
  return 'make it of the input, or leave it out of the text: only ids and times in a text can be bound'
}

/** Bound values are texts and numbers, and there on every side. */
function allScalar(values: Values): boolean {
  return Object.values(values).every(
    (value: Json | undefined) => typeof value === 'string' || typeof value === 'number',
  )
}

/** Sources of one tool that differ only in their place in a list become one, of any item. */
export function starred<S extends Omit<Source, 'status'>>(sources: readonly S[]): readonly S[] {
  const alike = new Map<string, S[]>()
  for (const source of sources) {
    const key = source.cure.kind === 'tool' ? `tool ${star(source.path)}` : `${source.kind} ${source.path}`
    alike.set(key, [...(alike.get(key) ?? []), source])
  }
  return [...alike.values()].flatMap(([first, ...others]) => {
    if (first === undefined) return []
    if (others.length === 0 || first.cure.kind !== 'tool') return [first, ...others]
    const path = star(first.path)
    return [{ ...first, path, cure: { ...first.cure, path } }]
  })
}

function star(path: string): string {
  return path.replace(/\[\d+\]/g, '[*]')
}

/** The normalizers with what these cures bind. */
export function withCures(normalizers: Normalizers, cures: readonly Cure[]): Normalizers {
  const volatile = new Map(Object.entries(normalizers.volatile))
  let { model } = normalizers
  for (const cure of cures) {
    if (cure.kind === 'tool') volatile.set(cure.tool, joined(volatile.get(cure.tool), cure.path))
    if (cure.kind === 'model') model = joined(model, cure.path)
  }
  return { ...normalizers, volatile: Object.fromEntries(volatile), model }
}

/** Whether a tool's volatile paths lead to this place. */
export function isBound({ volatile }: Normalizers, tool: string, path: string): boolean {
  const place = readPath(path)
  const paths = Object.hasOwn(volatile, tool) ? (volatile[tool] ?? []) : []
  return paths.some((text) => {
    const bound = readPath(text)
    if (place === undefined || bound === undefined || bound.length > place.length) return false
    return bound.every(
      (step, at) => step === place[at] || (step === anyItem && typeof place[at] === 'number'),
    )
  })
}

/** A tool whose effect nobody declared. */
export interface GuessedTool {
  readonly tool: string
  readonly effect: Effect
}

/**
 * The lines for evals/tools.json, one entry for each tool, merged with what stands there already: pasted over the old
 * entry they lose nothing. What is guessed of a tool is in its line, for a person to confirm.
 */
export function cureLines(
  cures: readonly Cure[],
  guessed: readonly GuessedTool[],
  file: ToolsFile | undefined,
): CureLines {
  const tools = new Map<string, readonly string[]>(guessed.map(({ tool }) => [tool, []]))
  let model: readonly string[] = []
  for (const cure of cures) {
    if (cure.kind === 'tool') tools.set(cure.tool, joined(tools.get(cure.tool), cure.path))
    if (cure.kind === 'model') model = joined(model, cure.path)
  }
  const lines = [...tools]
    .toSorted(([a], [b]) => byCodeUnit(a, b))
    .flatMap(([tool, paths]) => {
      const facts = file !== undefined && Object.hasOwn(file.tools, tool) ? file.tools[tool] : undefined
      const effect = facts?.effect ?? guessed.find((one) => one.tool === tool)?.effect
      const news = paths.filter((path) => path !== facts?.idempotencyKey)
      const volatile = news.reduce(joined, facts?.volatile ?? [])
      const whole = defined({ effect, ...facts, volatile: volatile.length === 0 ? undefined : volatile })
      // What the file says already needs no line.
      return sameJson(whole, facts) ? [] : [entry(tool, whole)]
    })
  const texts = model.reduce(joined, file?.model?.volatile ?? [])
  if (texts.length === (file?.model?.volatile ?? []).length) return { tools: lines }
  return { tools: lines, model: entry('model', { volatile: texts }) }
}

/** `"search": { "volatile": ["arguments.id"] }`, as a person would write it. */
function entry(key: string, value: unknown): string {
  return `${JSON.stringify(key)}: ${spaced(value)}`
}

function spaced(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(spaced).join(', ')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const members = Object.entries(value).filter(([, member]) => member !== undefined)
  return members.length === 0 ? '{}' : `{ ${members.map(([key, member]) => entry(key, member)).join(', ')} }`
}

function joined(list: readonly string[] | undefined, item: string): readonly string[] {
  return [...new Set([...(list ?? []), item])].toSorted()
}
