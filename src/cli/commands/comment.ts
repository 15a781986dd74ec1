import { Command } from 'commander'
import type { Report } from '../../schema/report.ts'
import { readClaimedReports } from '../claimed-reports.ts'
import { crashOf, fencedIn, githubJob, tellGithub } from '../github-job.ts'
import { type Io, outJson } from '../io.ts'
import { printError } from '../print-error.ts'

interface Options {
  readonly suite: string
  readonly commentAuthor?: string
  readonly json?: boolean
}

export function command(io: Io, exit: (code: number) => void): Command {
  return new Command('comment')
    .description(
      'Tells a pull request what its own run said: the second half of a pair of workflows, for pull requests of forks. The reports are read as a stranger’s word, and the comment says so. Runs nothing.',
    )
    .argument('<report...>', 'files of the json reporter, or folders of them (evalkit ci --report)')
    .option('--suite <name>', 'what the comment is found again by: one for each name', 'evals')
    .option('--comment-author <login>', 'who the token is (default: github-actions[bot])')
    .option('--json', 'print one JSON document on stdout, and nothing else')
    .addHelpText(
      'after',
      '\nExits 0 only where the comment was written, whatever the reports say: their verdict is no status.\n\nExample:\n  evalkit comment evalkit-report',
    )
    .action(async (paths: readonly string[], options: Options) => exit(await runComment(io, paths, options)))
}

type Read = { readonly reports: readonly Report[] } | { readonly error: unknown; readonly code: number }

async function runComment(io: Io, paths: readonly string[], options: Options): Promise<number> {
  const job = githubJob(io)
  const json = options.json === true
  const { suite, commentAuthor: author } = options
  const read = await fencedIn(io, job, json, async (): Promise<Read> => {
    try {
      return { reports: await readClaimedReports(paths) }
    } catch (error) {
      // Said in here: names of files are the stranger's, too.
      return { error, code: printError(error, io, json) }
    }
  })
  const placed = 'reports' in read ? read.reports.map((report) => ({ report })) : []
  const told = { suite, author, placed, claimed: true, outputs: {} }
  const posted = await tellGithub(
    io,
    job,
    'error' in read ? { ...told, crash: crashOf(read.error) } : told,
    // Annotations would stand at lines of files that the report names.
    false,
  )
  if ('error' in read) return read.code
  if (json) outJson(io, { reports: placed.length, comment: posted })
  return posted.posted ? 0 : 4
}
