import type { Edit } from './find.ts'
import { kindsIn, placeholderRanges } from './placeholder.ts'
import { type Path, pathText } from './walk.ts'

/**
 * The edits that make JSON text say what its redacted value says, and change nothing else: white space, numbers of any
 * length and the order of keys stay as they were written. `text` is valid JSON; `after` is its value redacted, with
 * the same structure but for renamed keys, which `renamed` tells.
 */
export function placesOf(text: string, after: unknown, renamed: (key: string) => string): Edit[] {
  const edits: Edit[] = []
  const path: Path = []
  let at = 0

  const space = (): void => {
    while (isSpace(text.charCodeAt(at))) at++
  }
  const string = (): { start: number; end: number } => {
    const start = at++
    for (let code = text.charCodeAt(at); code !== 0x22; code = text.charCodeAt(at))
      at += code === 0x5c ? 2 : 1
    return { start, end: ++at }
  }
  const change = (start: number, end: number, to: string): void => {
    edits.push({ ...narrowed(text, start, end, to), path: pathText(path) })
  }
  const value = (wanted: unknown): void => {
    space()
    const code = text.charCodeAt(at)
    if (code === 0x22) {
      const { start, end } = string()
      if (typeof wanted === 'string' && JSON.parse(text.slice(start, end)) !== wanted)
        change(start, end, JSON.stringify(wanted))
    } else if (code === 0x7b || code === 0x5b) {
      // A subtree that was given up as a whole is one string now.
      if (typeof wanted === 'string') {
        const start = at
        if (code === 0x7b) members({})
        else items([])
        change(start, at, JSON.stringify(wanted))
      } else if (code === 0x7b) members((wanted ?? {}) as Readonly<Record<string, unknown>>)
      else items((wanted ?? []) as readonly unknown[])
    } else {
      const start = at
      while (at < text.length && !isEnd(text.charCodeAt(at))) at++
      if (typeof wanted === 'string') change(start, at, JSON.stringify(wanted))
      // A cut of a body that has another length now.
      if (typeof wanted === 'number' && Number(text.slice(start, at)) !== wanted)
        change(start, at, `${wanted}`)
    }
    space()
  }
  const members = (wanted: Readonly<Record<string, unknown>>): void => {
    at++
    space()
    while (text.charCodeAt(at) !== 0x7d) {
      const { start, end } = string()
      const key = JSON.parse(text.slice(start, end)) as string
      const name = renamed(key)
      if (name !== key) change(start, end, JSON.stringify(name))
      space()
      at++
      path.push(name)
      value(Object.hasOwn(wanted, name) ? wanted[name] : undefined)
      path.pop()
      if (text.charCodeAt(at) === 0x2c) at++
      space()
    }
    at++
  }
  const items = (wanted: readonly unknown[]): void => {
    at++
    space()
    for (let index = 0; text.charCodeAt(at) !== 0x5d; index++) {
      path.push(index)
      value(wanted[index])
      path.pop()
      if (text.charCodeAt(at) === 0x2c) at++
    }
    at++
  }

  value(after)
  return edits
}

/** Only what differs: what stands before and after it keeps its place, and the cuts of a stream in it. */
function narrowed(text: string, start: number, end: number, to: string): Edit {
  let head = 0
  const most = Math.min(end - start, to.length)
  while (head < most && text.charCodeAt(start + head) === to.charCodeAt(head)) head++
  let tail = 0
  while (tail < most - head && text.charCodeAt(end - 1 - tail) === to.charCodeAt(to.length - 1 - tail)) tail++
  // A secret may begin or end as its placeholder does; the placeholder stays in one piece all the same.
  for (const range of placeholderRanges(to)) {
    if (head > range.start && head < range.end) head = range.start
    const rest = to.length - tail
    if (rest > range.start && rest < range.end) tail = to.length - range.end
  }
  return {
    start: start + head,
    end: end - tail,
    text: to.slice(head, to.length - tail),
    kinds: kindsIn(to),
  }
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09
}

function isEnd(code: number): boolean {
  return isSpace(code) || code === 0x2c || code === 0x5d || code === 0x7d
}
