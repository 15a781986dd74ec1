import pc from 'picocolors'
import { wrap } from '../lib/columns.ts'
import { oneLine, withoutCommands } from '../lib/text.ts'
import type { Json } from '../schema/json.ts'
import type { Trace } from '../schema/trace.ts'
import type { Style } from './reporter.ts'
import { block, showSteps } from './show-trace.ts'
import { shown } from './shown.ts'

/** An outcome as it stands before a person who is to say whether it is right. */
export interface LabelView {
  readonly judge: string
  /** What is asked, in words. */
  readonly criterion: string
  readonly case: string
  readonly trial: number
  readonly split: string
  readonly place: { readonly at: number; readonly of: number }
  /** Of the case: what a person should look at. */
  readonly caseNote?: string | undefined
  /** What the judge is shown, too. */
  readonly parts: readonly { readonly heading: string; readonly content: Json }[]
  readonly trace: Trace
  /** What the same person said of it before. */
  readonly earlier?: string | undefined
  /** What the judge says, where a person wants to know it first. */
  readonly verdict?: string | undefined
}

/** Lines of one piece before the rest is counted. */
const mostLines = 60

/**
 * A case, what came of it and the way there. All of it is hostile text, and is made inert. What scores say of it is not shown:
 * who knows the verdict agrees with it.
 */
export function showLabelView(view: LabelView, style: Style): string {
  const colours = pc.createColors(style.colour)
  const width = Math.max(60, style.width)
  const { place, case: id, trial, split, judge, criterion, caseNote, parts, trace, earlier, verdict } = view
  const title = `${place.at} of ${place.of} · case ${oneLine(id, 130)}, trial ${trial} · ${split}`
  const said = (name: string, text: string | undefined): string[] =>
    text === undefined ? [] : wrap(`${name}: ${oneLine(text, 4_000)}`, width)
  const lines = [
    colours.bold(`── ${title} ${'─'.repeat(Math.max(2, width - title.length - 4))}`),
    ...said(`criterion of "${oneLine(judge, 100)}"`, criterion),
    ...said('note of the case', caseNote),
    ...said('you said before', earlier),
    ...said('the judge says', verdict),
    ...parts.flatMap(({ heading, content }) => [
      '',
      colours.bold(oneLine(heading, 200)),
      ...block(shown(content), mostLines, width, ''),
    ]),
    '',
    colours.bold('What the agent did'),
  ]
  return withoutCommands(`${lines.map((line) => line.trimEnd()).join('\n')}\n${showSteps(trace, style)}`)
}
