import { isAbsolute, join } from 'node:path'
import { Command } from 'commander'
import { loadConfig } from '../../config/load.ts'
import { createRedactor } from '../../lib/redact.ts'
import { oneLine } from '../../lib/text.ts'
import { type Io, outJson } from '../io.ts'
import { type Scan, scanFiles } from '../scan-files.ts'

interface Options {
  readonly json?: boolean
  readonly pii?: boolean
}

const shownFindings = 200

/** Exit 1 where a secret was found, 2 where something could not be read, 0 where there is none. */
export function command(io: Io, exit: (code: number) => void): Command {
  return new Command('scan')
    .description('Looks for secrets in datasets, fixtures and any other files, and says where they are.')
    .argument('<path...>', 'files and folders')
    .option('--pii', 'e-mail addresses, telephone numbers, cards and IBANs too')
    .option('--json', 'print one JSON document on stdout, and nothing else')
    .addHelpText(
      'after',
      '\nExample:\n  evalkit scan datasets fixtures\n\nNever prints a secret itself. Exit 1 if one was found, 2 if something could not be read.',
    )
    .action(async (paths: readonly string[], options: Options) => {
      const { redaction } = await loadConfig(io.cwd)
      const redactor = createRedactor({ ...redaction, pii: options.pii === true || redaction.pii })
      const scan = await scanFiles(
        paths.map((name) => ({ name, path: isAbsolute(name) ? name : join(io.cwd, name) })),
        redactor,
      )
      if (options.json === true) outJson(io, scan)
      else io.out(summary(scan))
      exit(scan.findings.length > 0 ? 1 : scan.unread.length > 0 ? 2 : 0)
    })
}

function summary({ files, bytes, findings, unread, binary, links }: Scan): string {
  const lines = findings.slice(0, shownFindings).map(({ file, line, path, kind }) => {
    const way = path === undefined ? '' : `  ${oneLine(path, 200)}`
    return `${oneLine(file, 200)}:${line}${way}  ${kind}`
  })
  if (findings.length > shownFindings)
    lines.push(`… and ${findings.length - shownFindings} more (--json lists all)`)
  for (const { file, reason } of unread)
    lines.push(`${oneLine(file, 200)}  not read: ${oneLine(reason, 200)}`)
  const found = findings.length === 0 ? 'no secrets' : `${findings.length} found`
  lines.push(`${files} files, ${(bytes / 1e6).toFixed(1)} MB: ${found}`)
  if (unread.length > 0) lines.push(`${unread.length} not read`)
  if (binary.length > 0) lines.push(`${binary.length} binary, not looked into`)
  if (links.length > 0) lines.push(`${links.length} links, not followed`)
  return `${lines.join('\n')}\n`
}
