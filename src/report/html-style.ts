/**
 * The page's whole look: system fonts, light and dark, paper, a phone. No resource from anywhere. Text has a contrast of 4.5 and
 * more on what is behind it, in both.
 */
export const css = `
:root {
  color-scheme: light dark;
  --paper: #fff; --raised: #f5f6f8; --ink: #1c2128; --quiet: #57606c; --line: #dfe3e8; --link: #0b5cad; --agent: #6a42bf;
  --good: #17713c; --bad: #b8232b; --unsure: #7a5500; --good-wash: #e8f6ed; --bad-wash: #fdecec; --unsure-wash: #fdf5e0;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #14171c; --raised: #1d2127; --ink: #e4e8ee; --quiet: #9fa9b7; --line: #333a44; --link: #7ab7ff; --agent: #b79cff;
    --good: #5fd094; --bad: #ff8a8e; --unsure: #e6be5a; --good-wash: #15291d; --bad-wash: #331a1d; --unsure-wash: #2d2614;
  }
}
* { box-sizing: border-box; }
[hidden] { display: none !important; }
html { scroll-padding-top: 3.5rem; -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 14px/1.5 system-ui, sans-serif; }
main { max-width: 76rem; margin: 0 auto; padding: 1.25rem 1.25rem 4rem; overflow-wrap: anywhere; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0; letter-spacing: .01em; }
h2 { font-size: 1.1rem; margin: 2rem 0 .6rem; }
h3 { font-size: .95rem; margin: 1.4rem 0 .4rem; }
h4 { font-size: .9rem; margin: 1rem 0 .35rem; }
p { margin: .35rem 0; }
ul { padding-left: 1.2rem; margin: .35rem 0; }
a { color: var(--link); text-decoration-thickness: 1px; text-underline-offset: 2px; }
code, pre, .call, kbd { font: 12.5px/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
pre { margin: .25rem 0 .6rem; padding: .5rem .7rem; background: var(--raised); border: 1px solid var(--line); border-radius: 6px; white-space: pre-wrap; max-height: 26rem; overflow: auto; }
pre.wrong { border-color: var(--bad); background: var(--bad-wash); }
.wrong { color: var(--bad); }
.quiet, .keys { color: var(--quiet); }
.label { color: var(--quiet); font-size: .85rem; margin: .4rem 0 0; }
:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; border-radius: 3px; }
h2[tabindex]:focus { outline: none; }
.banner { border: 1px solid; border-left-width: 6px; border-radius: 8px; padding: .9rem 1.2rem; margin: 0 0 1.1rem; }
.banner .name { margin: 0 0 .15rem; color: var(--ink); }
.banner .sentence { margin: .25rem 0 0; font-size: 1.05rem; }
.banner.good { border-color: var(--good); background: var(--good-wash); } .banner.good h1 { color: var(--good); }
.banner.bad { border-color: var(--bad); background: var(--bad-wash); } .banner.bad h1 { color: var(--bad); }
.banner.unsure { border-color: var(--unsure); background: var(--unsure-wash); } .banner.unsure h1 { color: var(--unsure); }
dl.facts { margin: .4rem 0; display: grid; gap: .15rem; }
dl.facts > div { display: grid; grid-template-columns: 8rem 1fr; gap: .75rem; }
dt { color: var(--quiet); } dd { margin: 0; min-width: 0; }
.wide { overflow-x: auto; margin: .25rem 0 .75rem; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
table.numbers { width: auto; min-width: min(46rem, 100%); }
thead th { text-align: left; font-weight: 600; color: var(--quiet); font-size: .85rem; white-space: nowrap; }
th, td { padding: .3rem 1rem .3rem 0; border-bottom: 1px solid var(--line); vertical-align: top; overflow-wrap: break-word; }
tbody th { text-align: left; font-weight: 400; }
th:last-child, td:last-child { padding-right: 0; }
th.number, td.number { text-align: right; white-space: nowrap; }
td { max-width: 40rem; }
td.why { color: var(--quiet); min-width: 16rem; overflow-wrap: anywhere; }
td.why .where { display: block; color: var(--ink); }
table.cases td:first-child { min-width: 10rem; overflow-wrap: anywhere; padding-left: .6rem; }
table.cases thead th:first-child { padding-left: .6rem; }
table.cases tbody tr:hover { background: var(--raised); }
table.cases td:nth-child(2) { min-width: 6rem; }
tr.urgent0 td:first-child { box-shadow: inset 3px 0 var(--bad); }
tr.urgent1 td:first-child, tr.urgent2 td:first-child { box-shadow: inset 3px 0 var(--unsure); }
.tags { color: var(--quiet); font-size: .85rem; }
td.marks { white-space: nowrap; }
.mark { display: inline-block; min-width: 1.1em; text-align: center; font-weight: 700; }
.mark.good { color: var(--good); } .mark.bad { color: var(--bad); } .mark.unsure { color: var(--unsure); }
.badge { display: inline-block; font: 600 .75rem/1.45 system-ui, sans-serif; padding: 0 .5em; border-radius: 1em; border: 1px solid; white-space: nowrap; }
.badge.good { color: var(--good); background: var(--good-wash); }
.badge.bad { color: var(--bad); background: var(--bad-wash); }
.badge.unsure { color: var(--unsure); background: var(--unsure-wash); }
.badge.calm { color: var(--quiet); background: var(--raised); border-color: var(--line); font-weight: 400; }
#filter { margin: 0 0 .6rem; }
.fields { display: flex; flex-wrap: wrap; gap: .5rem; }
input, select, button { font: inherit; color: inherit; background: var(--paper); border: 1px solid var(--quiet); border-radius: 6px; padding: .35rem .6rem; }
input::placeholder { color: var(--quiet); opacity: 1; }
#text { flex: 1 1 16rem; min-width: 0; }
select { max-width: 16rem; }
button { cursor: pointer; }
.chips { display: flex; flex-wrap: wrap; gap: .35rem; margin: .5rem 0 .25rem; }
.chip { border-radius: 1.2em; padding: .1rem .75rem; border-color: var(--line); background: var(--raised); }
.chip span { color: var(--quiet); font-variant-numeric: tabular-nums; }
.chip[aria-pressed=true] { background: var(--link); border-color: var(--link); color: var(--paper); }
.chip[aria-pressed=true] span { color: inherit; }
button.plain { border: 0; padding: 0; background: none; color: var(--link); text-decoration: underline; text-underline-offset: 2px; }
.shown { display: flex; flex-wrap: wrap; gap: .25rem .9rem; align-items: baseline; }
.keys { margin-left: auto; font-size: .85rem; }
kbd { border: 1px solid var(--line); border-radius: 4px; padding: 0 .35em; background: var(--raised); }
summary { cursor: pointer; } summary:hover { color: var(--link); }
#turn { position: sticky; top: 0; z-index: 1; display: flex; flex-wrap: wrap; gap: .25rem 1.1rem; align-items: baseline; padding: .6rem 0; background: var(--paper); border-bottom: 1px solid var(--line); }
.js .case { display: none; } .js .case.shown { display: block; }
.case { border-top: 1px solid var(--line); margin-top: 2rem; content-visibility: auto; contain-intrinsic-size: auto 30rem; }
.js .case { border: 0; margin: 0; content-visibility: visible; }
.case > h2 { font-size: 1.3rem; margin: 1rem 0 .25rem; }
.statuses { margin: 0 0 .5rem; }
.trial { border: 1px solid var(--line); border-radius: 8px; margin: .5rem 0; padding: .5rem .9rem; }
.trial[open] > summary { margin-bottom: .5rem; }
.reason, .reasoning, .critique { white-space: pre-wrap; max-width: 60rem; }
.judge { border-left: 3px solid var(--agent); padding: 0 0 0 .9rem; margin: .9rem 0; }
.judge h4 { margin-top: 0; }
.votes { margin: .4rem 0; padding-left: 1.4rem; } .votes p { margin: .1rem 0; }
.aligned { list-style: none; margin: .5rem 0; padding: 0; border: 1px solid var(--line); border-radius: 6px; overflow: hidden; }
.aligned > li { display: grid; grid-template-columns: minmax(0, 1fr) 1.6rem minmax(0, 1fr); padding: .25rem .6rem; border-top: 1px solid var(--line); border-left: 3px solid transparent; }
.aligned > li:first-child { border-top: 0; }
.aligned > .titles { color: var(--quiet); font-size: .85rem; font-weight: 600; background: var(--raised); }
.aligned > .row.bad { border-left-color: var(--bad); background: var(--bad-wash); }
.aligned > .row.drift { border-left-color: var(--unsure); }
.aligned > .row.same, .aligned > .row.off { color: var(--quiet); }
.aligned > .fold { display: block; padding: .25rem .6rem; color: var(--quiet); } .fold > details > .aligned { margin-right: 0; }
.aligned > .rule { display: block; padding: .1rem .6rem; background: var(--bad); color: var(--paper); font-size: .8rem; font-weight: 600; }
.sign { text-align: center; font-weight: 700; } .row.bad > .sign { color: var(--bad); }
.side { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.step-number { color: var(--quiet); font-variant-numeric: tabular-nums; display: inline-block; min-width: 1.5em; }
.who { color: var(--quiet); } .row.bad .quiet, .row.bad .who, .row.bad .step-number { color: var(--ink); }
.notes { grid-column: 1 / -1; margin: .2rem 0 .1rem; font-size: .93rem; }
.notes details { margin: .2rem 0; }
table.differences { width: auto; min-width: min(30rem, 100%); }
.both { display: grid; grid-template-columns: 1fr 1fr; gap: 1rem; } .both > div { min-width: 0; }
.pair .label { margin-right: .75rem; }
.trace { border-top: 1px solid var(--line); margin-top: .75rem; padding-top: .5rem; }
.whole { margin-top: .6rem; }
.steps { list-style: none; margin: .5rem 0 0; padding: 0; }
.step { border-left: 3px solid var(--line); padding: .1rem 0 .5rem .9rem; margin: 0 0 .25rem; }
.step .head { display: flex; flex-wrap: wrap; gap: .25rem .6rem; align-items: baseline; }
.step .head .number { color: var(--quiet); font-variant-numeric: tabular-nums; min-width: 1.4em; }
.step.said { border-color: var(--link); } .step.model { border-color: var(--agent); } .step.tool { border-color: var(--quiet); }
.step.failed { border-color: var(--bad); } .step.failed .head b { color: var(--bad); }
.step .text { white-space: pre-wrap; max-width: 50rem; margin: .15rem 0 .3rem; }
.deep1 { margin-left: 1.25rem; } .deep2 { margin-left: 2.5rem; } .deep3 { margin-left: 3.75rem; } .deep4 { margin-left: 5rem; }
.interval { display: block; width: 100%; max-width: 34rem; height: auto; margin: .5rem 0; }
.interval text { font: 11px system-ui, sans-serif; fill: var(--quiet); }
.interval .axis { stroke: var(--line); } .interval .zero { stroke: var(--quiet); } .interval .limit { stroke: var(--bad); stroke-dasharray: 4 3; }
.interval .range { stroke: var(--ink); stroke-width: 4; stroke-linecap: round; } .interval .point { fill: var(--ink); }
footer { margin-top: 3rem; color: var(--quiet); font-size: .85rem; }
@media (max-width: 44rem) {
  main { padding: .75rem .75rem 3rem; }
  .keys { display: none; }
  dl.facts > div { grid-template-columns: 1fr; gap: 0; margin-bottom: .25rem; }
  .aligned > li { grid-template-columns: minmax(0, 1fr); } .aligned > .titles, .sign { display: none; }
  .side { position: static; width: auto; height: auto; clip-path: none; color: var(--quiet); font-size: .85rem; }
  .row.same > .cell:first-child { display: none; } .row.same .side { display: none; }
  .both { grid-template-columns: 1fr; gap: 0; }
  .deep1, .deep2, .deep3, .deep4 { margin-left: .75rem; }
  table.cases, table.cases tbody, table.cases tr { display: block; } table.cases thead { display: none; }
  table.cases tr { padding: .4rem 0; border-bottom: 1px solid var(--line); display: flex; flex-wrap: wrap; gap: 0 .75rem; }
  table.cases td { border: 0; padding: .05rem 0 .05rem .6rem; min-width: 0; }
  table.cases td:first-child, table.cases td.why { flex: 1 0 100%; }
  .scores td.why { min-width: 9rem; } .scores th, .scores td { padding-right: .6rem; }
  td.base::before { content: "baseline "; } td.mean::before { content: "mean "; } td.fidelity::before { content: "fidelity "; }
  table.cases td.number::before { color: var(--quiet); }
  input, select, .chip { min-height: 2.4rem; } #text { flex-basis: 100%; }
}
@media print {
  #filter, #turn { display: none; } pre { max-height: none; } .trial, .row { break-inside: avoid; }
  body { font-size: 11px; } .case { content-visibility: visible; }
}
`
