import { cut } from '../lib/text.ts'
import { flatJson } from '../lib/pretty-json.ts'
import type { Provenance } from '../schema/call.ts'
import type { Json } from '../schema/json.ts'
import type { Trace } from '../schema/trace.ts'
import { count, duration, usd } from './format.ts'
import { type Html, html, longText, nothing } from './html-markup.ts'
import { shown } from './shown.ts'
import { type Step, stepsOf, systemPromptOf } from './steps.ts'

const tones: Readonly<Record<Provenance, 'good' | 'bad' | 'unsure'>> = {
  exact: 'good',
  normalized: 'good',
  'repeat-read': 'good',
  'pure-live': 'good',
  'stale-state': 'bad',
  pooled: 'unsure',
  cached: 'unsure',
  injected: 'unsure',
  simulated: 'unsure',
  live: 'unsure',
  miss: 'bad',
}

/** A trace step by step: what was said, which tools were called with what, and what came back. */
export function traceOf(trace: Trace): Html {
  const prompt = systemPromptOf(trace)
  const steps = stepsOf(trace)
  return html`<div class="trace">${facts(trace)}${
    prompt === ''
      ? nothing
      : html`<details><summary>system prompt, ${count(prompt.length)} characters</summary><pre>${longText(prompt)}</pre></details>`
  }<ol class="steps">${steps.map(stepOf)}</ol></div>`
}

/** How a reply was found, as a badge. */
export function badge(how: Provenance): Html {
  return html`<span class="badge ${tones[how]}">${how}</span>`
}

function facts({ id, name, task, plan = [], ended, durationMs, costUsd }: Trace): Html {
  const parts = [
    cut(name, 200),
    ...(task === undefined ? [] : [`task ${cut(task.id, 200)}`]),
    ...(ended === undefined ? [] : [`ended ${cut(ended, 200)}`]),
    ...(durationMs === undefined ? [] : [duration(durationMs)]),
    ...(costUsd === undefined ? [] : [usd(costUsd)]),
  ]
  const wanted = task?.instruction
  return html`<p class="quiet"><code>${id}</code> · ${parts.join(' · ')}</p>${
    wanted === undefined ? nothing : html`<p class="quiet">wanted: ${longText(wanted)}</p>`
  }${plan.map(({ step, tool }, at) => {
    const by = tool === undefined ? '' : ` [${cut(tool, 200)}]`
    return html`<p class="quiet">plan ${at + 1}. ${cut(step, 2_000)}${by}</p>`
  })}`
}

function stepOf(step: Step): Html {
  const failed = step.error !== undefined || (step.kind === 'tool' && step.failed)
  return html`<li class="step ${step.kind}${failed ? ' failed' : ''} deep${Math.min(step.depth, 4)}"><div class="head"><span class="number">${
    step.number
  }</span><b>${failed ? '✗ ' : ''}${cut(titleOf(step), 200)}</b>${step.served === undefined ? nothing : badge(step.served)}<span class="quiet">${measured(
    step,
  )}</span></div>${bodyOf(step)}${
    step.error === undefined
      ? nothing
      : html`<pre class="wrong">${longText(`${step.error.type}: ${step.error.message}`)}</pre>`
  }</li>`
}

function titleOf(step: Step): string {
  switch (step.kind) {
    case 'said':
      return step.who
    case 'model':
      return `agent${step.name === 'llm' ? '' : ` · ${step.name}`}`
    case 'tool':
      return `tool · ${step.name}`
    case 'other':
      return `${step.what} · ${step.name}`
  }
}

/** What a step said, was called with and brought back. */
export function bodyOf(step: Step): Html {
  switch (step.kind) {
    case 'said':
      return html`${said(step.text)}${step.opaque.map((value) => block('other content', value))}`
    case 'model':
      return html`${
        step.reasoning === ''
          ? nothing
          : html`<details class="reasoning"><summary>reasoning</summary><pre>${longText(step.reasoning)}</pre></details>`
      }${said(step.text)}${step.asks.map((ask) =>
        ask.shownBelow
          ? html`<p class="quiet">asks <code>${cut(ask.name, 200)}</code></p>`
          : html`<p>asks <code>${cut(ask.name, 200)}</code>, and no tool answered${ask.malformed === true ? ' (its arguments are not JSON)' : ''}</p>${block(
              'arguments',
              ask.arguments,
            )}`,
      )}${step.opaque.map((value) => block('other content', value))}${
        step.unanswered ? html`<p class="wrong">no reply ever came</p>` : nothing
      }`
    case 'tool':
      return html`${block(step.malformed === true ? 'arguments (not JSON)' : 'arguments', step.arguments)}${
        step.result === undefined
          ? html`<p class="wrong">no reply ever came</p>`
          : block(step.failed ? 'result (error)' : 'result', step.result, step.failed)
      }`
    case 'other':
      return html`${step.input === undefined ? nothing : block('input', step.input)}${
        step.output === undefined ? nothing : block('output', step.output)
      }`
  }
}

function said(text: string): Html {
  return text === '' ? nothing : html`<div class="text">${longText(text)}</div>`
}

function block(label: string, value: Json, wrong = false): Html {
  const flat = typeof value === 'string' ? value : flatJson(value)
  if (flat.length <= 80 && !flat.includes('\n')) {
    return html`<p class="pair"><span class="label">${label}</span><code class="${wrong ? 'wrong' : ''}">${flat}</code></p>`
  }
  return html`<p class="label">${label}</p><pre class="${wrong ? 'wrong' : ''}">${longText(shown(value))}</pre>`
}

function measured(step: Step): string {
  const parts: string[] = []
  if (step.durationMs !== undefined) parts.push(duration(step.durationMs))
  if (step.kind === 'model') {
    const { usage, costUsd } = step
    if (usage !== undefined) {
      parts.push(`${count(usage.input + usage.cacheRead + usage.cacheWrite)} → ${count(usage.output)} tokens`)
    }
    if (costUsd !== undefined) parts.push(usd(costUsd))
  }
  return parts.join(' · ')
}
