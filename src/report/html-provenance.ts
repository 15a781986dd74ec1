import { flatJson } from '../lib/pretty-json.ts'
import { cut } from '../lib/text.ts'
import type { Report } from '../schema/report.ts'
import type { Hashes } from '../schema/run.ts'
import { modeOf, percent } from './format.ts'
import { fact } from './html-names.ts'
import { type Html, html, nothing } from './html-markup.ts'

/** What a run stood on, beside what its baseline stood on, and the rules it was held against: enough to run it again. */
export function provenance(report: Report): Html {
  const { baselineOf, verdict, fidelity, evalkit, run, dataset, baseline } = report
  const accepted = baselineOf?.accepted
  return html`<section id="provenance"><h2>Provenance</h2><dl class="facts">${fact('run', `${cut(run.name, 600)} (${cut(run.id, 200)}), started ${cut(run.startedAt, 60)}`)}${fact('dataset', cut(dataset, 600))}${fact(
    'fidelity',
    percent(fidelity.mean),
  )}${fact('baseline', baseline === undefined ? 'none' : cut(baseline, 600))}${fact(
    'accepted',
    accepted === undefined
      ? undefined
      : Object.entries(accepted)
          .map(([name, value]) => `${name} ${typeof value === 'string' ? cut(value, 600) : flatJson(value)}`)
          .join(' · '),
  )}${fact('evalkit', evalkit)}</dl>${beside(report)}${
    verdict === undefined
      ? nothing
      : html`<details><summary>The policy it was held against</summary><dl class="facts">${Object.entries(
          verdict.policy,
        ).map(([rule, value]) =>
          fact(rule, html`<code>${cut(flatJson(value), 1_000)}</code>`),
        )}</dl></details>`
  }</section>`
}

/** Hashes, versions and mode of both runs; where they differ it says so. */
function beside(report: Report): Html {
  const { baselineOf } = report
  const rows = [
    ['mode', modeOf(report), baselineOf && modeOf(baselineOf)] as const,
    ...pairsOf(hashRows(report.hashes), baselineOf && hashRows(baselineOf.hashes)),
    ...pairsOf(versionRows(report.versions), baselineOf && versionRows(baselineOf.versions)),
  ]
  const compared = baselineOf !== undefined
  return html`<div class="wide"><table class="provenance"><thead><tr><th scope="col">what</th><th scope="col">this run</th>${
    compared ? html`<th scope="col">baseline</th><th scope="col">the same?</th>` : nothing
  }</tr></thead><tbody>${rows.map(
    ([what, now, before]) =>
      html`<tr><th scope="row">${cut(what, 200)}</th><td><code>${cut(now ?? '–', 600)}</code></td>${
        compared
          ? html`<td><code>${cut(before ?? '–', 600)}</code></td><td>${now === before ? 'yes' : html`<b>no</b>`}</td>`
          : nothing
      }</tr>`,
  )}</tbody></table></div>`
}

type Rows = ReadonlyMap<string, string>

function pairsOf(
  now: Rows,
  before: Rows | undefined,
): readonly (readonly [string, string | undefined, string | undefined])[] {
  const names = new Set([...now.keys(), ...(before?.keys() ?? [])])
  return [...names].map((name) => [name, now.get(name), before?.get(name)])
}

function hashRows({ secondary = {}, ...hashes }: Hashes): Rows {
  return new Map([
    ...Object.entries(hashes).map(([of, hash]) => [`${of} hash`, hash] as const),
    ...Object.entries(secondary).map(([of, hash]) => [`hash of ${of}`, hash] as const),
  ])
}

function versionRows(versions: Report['versions']): Rows {
  return new Map(Object.entries(versions).map(([of, version]) => [`${of} version`, version]))
}
