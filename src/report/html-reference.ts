import { align } from '../lib/align.ts'
import { sameJson } from '../lib/json.ts'
import { flatJson } from '../lib/pretty-json.ts'
import { cut } from '../lib/text.ts'
import type { ReferenceCall } from '../schema/case.ts'
import type { SpanOf, Trace } from '../schema/trace.ts'
import { type Html, html, nothing } from './html-markup.ts'
import { badge } from './html-trace.ts'

/** Calls of either side that are set side by side: nobody reads more, and it takes the product of both. */
const mostCalls = 500

/**
 * The calls a right answer makes beside those this run made, aligned by name and arguments in the order they were made. Nothing
 * where the case names none. It says what was done, not what is right: whether order and extra calls matter, the checks know.
 */
export function expectedBeside(trace: Trace): Html {
  const { toolCalls = [], contains = [] } = trace.task?.reference ?? {}
  const expected = toolCalls.slice(0, mostCalls)
  const texts =
    contains.length === 0
      ? nothing
      : html`<p class="label">texts that must occur</p><ul>${contains.slice(0, 50).map((text) => html`<li><code>${cut(text, 500)}</code></li>`)}</ul>`
  if (expected.length === 0) return texts
  const made = trace.spans
    .filter((span) => span.kind === 'tool')
    .filter(({ attributes }) => attributes?.requestor !== 'user')
    .slice(0, mostCalls)
  const rows = align(expected.length, made.length, costsOf(expected, made)).map(({ left, right }) =>
    rowOf(left === undefined ? undefined : expected[left], right === undefined ? undefined : made[right]),
  )
  return html`<section class="compared"><h4>Expected calls and this run</h4><ol class="aligned"><li class="titles" aria-hidden="true"><span>expected</span><span></span><span>this run</span></li>${rows}</ol>${texts}</section>`
}

function costsOf(expected: readonly ReferenceCall[], made: readonly SpanOf<'tool'>[]) {
  return {
    pair: (left: number, right: number): number => {
      const [one, other] = [expected[left], made[right]?.request]
      if (one === undefined || other === undefined || one.name !== other.name) return Number.POSITIVE_INFINITY
      return sameJson(one.arguments, other.arguments) ? 0 : 1
    },
    leftAlone: () => 1,
    // What a run reads on its way costs little: a wrong call is rather paired with the one that was expected.
    rightAlone: () => 0.2,
    open: 0,
  }
}

function rowOf(expected: ReferenceCall | undefined, made: SpanOf<'tool'> | undefined): Html {
  const isSame =
    expected !== undefined && made !== undefined && sameJson(expected.arguments, made.request.arguments)
  const tone = isSame ? 'same' : expected === undefined ? 'off' : 'bad'
  const sign = isSame ? '=' : expected === undefined ? '+' : made === undefined ? '−' : '≠'
  const word = isSame
    ? ''
    : expected === undefined
      ? 'not expected'
      : made === undefined
        ? 'not made'
        : 'other arguments'
  const failed = made?.reply?.isError === true
  return html`<li class="row ${tone}"><div class="cell${expected === undefined ? ' none' : ''}"><span class="side">expected: </span>${callOf(
    expected?.name,
    expected?.arguments,
  )}</div><span class="sign" aria-hidden="true">${sign}</span><div class="cell${made === undefined ? ' none' : ''}"><span class="side">this run: </span>${
    made?.served === undefined ? nothing : html`${badge(made.served)} `
  }${failed ? html`<b class="wrong">✗ failed </b>` : nothing}${callOf(made?.request.name, made?.request.arguments)}</div>${
    word === ''
      ? nothing
      : html`<div class="notes"><span class="badge ${tone === 'bad' ? 'bad' : 'calm'}">${word}</span></div>`
  }</li>`
}

function callOf(name: string | undefined, given: unknown): Html {
  if (name === undefined) return html`<span class="quiet">nothing</span>`
  return html`<span class="call">${cut(name, 200)}(${cut(flatJson(given), 1_000)})</span>`
}
