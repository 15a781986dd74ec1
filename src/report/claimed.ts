import type { Report } from '../schema/report.ts'

/** What stands above figures that came as a file from code we do not trust. */
export const claimNote =
  '**Nobody checked these figures.** The pull request’s own code computed them, and can write whatever it likes into its ' +
  'report. They are shown so that people can talk about them; no status follows from them.'

/** A title (`### ✅ PASS · …`) that says first whose word it is: the first line stands alone in an e-mail. */
export function asClaim(title: string): string {
  return title.replace(/^### /, '### Claimed by the pull request, not checked: ')
}

/**
 * A report of a stranger without what tells people what to do: commands to copy and hints. A comment bears our name, and
 * a command in it would be run.
 */
export function withoutAdvice(report: Report): Report {
  const { verdict } = report
  return {
    ...report,
    commands: {},
    ...(verdict === undefined
      ? {}
      : { verdict: { ...verdict, reasons: verdict.reasons.map(({ code, what }) => ({ code, what })) } }),
  }
}
