/** The page's whole look: system fonts, one column, light and dark. No resource from anywhere. */
export const css = `
:root {
  color-scheme: light dark;
  --paper: #fff; --raised: #f6f7f9; --ink: #1c2128; --quiet: #5b6572; --line: #dfe3e8; --link: #0b5cad; --agent: #7048c6;
  --good: #1a7f43; --bad: #c3262e; --unsure: #8a6100; --good-wash: #e8f6ed; --bad-wash: #fdecec; --unsure-wash: #fdf5e0;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #14171c; --raised: #1d2127; --ink: #e4e8ee; --quiet: #98a2b0; --line: #333a44; --link: #7ab7ff; --agent: #b79cff;
    --good: #56c98a; --bad: #ff7b80; --unsure: #e2b84d; --good-wash: #15291d; --bad-wash: #331a1d; --unsure-wash: #2d2614;
  }
}
* { box-sizing: border-box; }
html { scroll-behavior: smooth; scroll-padding-top: 1rem; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 15px/1.55 system-ui, sans-serif; }
main { max-width: 68rem; margin: 0 auto; padding: 1.5rem 1.25rem 5rem; overflow-wrap: anywhere; }
h1 { font-size: 1.05rem; font-weight: 600; margin: 0 0 .75rem; color: var(--quiet); }
h2 { font-size: 1.15rem; margin: 2.5rem 0 .75rem; }
h3 { font-size: 1rem; margin: 0 0 .5rem; }
h3 .quiet { font-weight: 400; }
p { margin: .4rem 0; }
a { color: var(--link); text-decoration-thickness: 1px; text-underline-offset: 2px; }
code, pre { font: 12.5px/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
pre { margin: .25rem 0 .6rem; padding: .6rem .75rem; background: var(--raised); border: 1px solid var(--line); border-radius: 6px; white-space: pre-wrap; max-height: 26rem; overflow: auto; }
pre.wrong { border-color: var(--bad); background: var(--bad-wash); }
code.wrong, p.wrong { color: var(--bad); }
.quiet { color: var(--quiet); }
.banner { border-left: 6px solid; border-radius: 8px; padding: 1rem 1.25rem; margin: 0 0 1.5rem; }
.banner b { font-size: 1.3rem; letter-spacing: .02em; display: block; }
.banner p { margin: .2rem 0 0; font-size: 1.05rem; }
.banner.good { border-color: var(--good); background: var(--good-wash); }
.banner.bad { border-color: var(--bad); background: var(--bad-wash); }
.banner.unsure { border-color: var(--unsure); background: var(--unsure-wash); }
.banner.good b { color: var(--good); } .banner.bad b { color: var(--bad); } .banner.unsure b { color: var(--unsure); }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1.25rem; margin: 0; }
dt { color: var(--quiet); } dd { margin: 0; min-width: 0; }
.wide { overflow-x: auto; margin: .25rem 0 .75rem; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th { text-align: left; font-weight: 600; color: var(--quiet); font-size: .85rem; }
th, td { padding: .35rem .75rem .35rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
th:last-child, td:last-child { padding-right: 0; }
.numbers { max-width: 46rem; }
th.number, td.number { text-align: right; white-space: nowrap; }
th.number + th:not(.number), td.number + td:not(.number) { padding-left: .5rem; }
th { white-space: nowrap; }
td { overflow-wrap: break-word; max-width: 40rem; }
td.why { color: var(--quiet); min-width: 14rem; width: 50%; overflow-wrap: anywhere; }
td:first-child { min-width: 9.5rem; overflow-wrap: anywhere; }
td.marks { min-width: 4rem; }
tr.urgent0 td:first-child { box-shadow: inset 3px 0 var(--bad); padding-left: .6rem; }
tr.urgent1 td:first-child, tr.urgent2 td:first-child { box-shadow: inset 3px 0 var(--unsure); padding-left: .6rem; }
tr.urgent3 td:first-child { padding-left: .6rem; }
.mark { display: inline-block; min-width: 1.1em; text-align: center; font-weight: 700; }
.mark.good { color: var(--good); } .mark.bad { color: var(--bad); } .mark.unsure { color: var(--unsure); }
.badge { display: inline-block; font-size: .75rem; line-height: 1.4; padding: 0 .5em; border-radius: 1em; border: 1px solid; white-space: nowrap; }
.badge.good { color: var(--good); background: var(--good-wash); }
.badge.bad { color: var(--bad); background: var(--bad-wash); }
.badge.unsure { color: var(--unsure); background: var(--unsure-wash); }
summary { cursor: pointer; } summary:hover { color: var(--link); }
.case { border: 1px solid var(--line); border-radius: 8px; padding: .9rem 1.1rem; margin: 0 0 1rem; }
.case:target { outline: 2px solid var(--link); }
.case.urgent0 { border-left: 4px solid var(--bad); }
.case.urgent1, .case.urgent2 { border-left: 4px solid var(--unsure); }
.trial { margin: .35rem 0; }
.trial > summary { padding: .15rem 0; }
.trial[open] { padding-bottom: .5rem; }
.trial[open] > summary { margin-bottom: .4rem; }
.label { color: var(--quiet); font-size: .8rem; margin: .35rem 0 0; }
.pair .label { margin-right: .75rem; }
.trace { border-top: 1px solid var(--line); margin-top: .75rem; padding-top: .5rem; }
.steps { list-style: none; margin: .5rem 0 0; padding: 0; }
.step { border-left: 3px solid var(--line); padding: .1rem 0 .55rem .9rem; margin: 0 0 .25rem; }
.step .head { display: flex; flex-wrap: wrap; gap: .25rem .6rem; align-items: baseline; }
.step .head .number { color: var(--quiet); font-variant-numeric: tabular-nums; min-width: 1.4em; }
.step.said { border-color: var(--link); } .step.model { border-color: var(--agent); } .step.tool { border-color: var(--quiet); }
.step.failed { border-color: var(--bad); } .step.failed .head b { color: var(--bad); }
.step .text { white-space: pre-wrap; max-width: 44rem; margin: .15rem 0 .3rem; }
.deep1 { margin-left: 1.25rem; } .deep2 { margin-left: 2.5rem; } .deep3 { margin-left: 3.75rem; } .deep4 { margin-left: 5rem; }
.interval { display: block; width: 100%; max-width: 34rem; height: auto; margin: .5rem 0; }
.interval text { font: 11px system-ui, sans-serif; fill: var(--quiet); }
.interval .axis { stroke: var(--line); } .interval .zero { stroke: var(--quiet); } .interval .limit { stroke: var(--bad); stroke-dasharray: 4 3; }
.interval .range { stroke: var(--ink); stroke-width: 4; stroke-linecap: round; } .interval .point { fill: var(--ink); }
footer { margin-top: 3rem; color: var(--quiet); font-size: .85rem; }
@media print { pre { max-height: none; } .case { break-inside: avoid; } }
`
