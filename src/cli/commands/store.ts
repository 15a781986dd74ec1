import { isAbsolute, join } from 'node:path'
import { Command } from 'commander'
import { loadConfig } from '../../config/load.ts'
import { oneLine } from '../../lib/text.ts'
import { plural } from '../../report/format.ts'
import { EvalkitError } from '../../schema/errors.ts'
import {
  backupStore,
  checkStore,
  type StoreCheck,
  storeFigures,
  vacuumStore,
} from '../../store/sqlite/upkeep.ts'
import { type Io, outJson } from '../io.ts'
import { type CommonOptions, withCommonOptions } from '../project.ts'

const shown = 10

export function command(io: Io): Command {
  return new Command('store')
    .description('Checks, copies and tidies the store.')
    .addCommand(
      withCommonOptions(new Command('check').description('Reads all of the store, and says what is damaged.'))
        .addHelpText('after', '\nExample:\n  evalkit store check')
        .action(async (options: CommonOptions) => check(io, await fileOf(io, options), options)),
    )
    .addCommand(
      withCommonOptions(
        new Command('backup')
          .description('Copies the store into a new file, also while others write to it.')
          .argument('<file>', 'the new file'),
      )
        .addHelpText('after', '\nExample:\n  evalkit store backup evalkit-2026-01-31.db')
        .action(async (to: string, options: CommonOptions) => {
          const bytes = await backupStore(await fileOf(io, options), within(io, to))
          if (options.json === true) outJson(io, { file: to, bytes })
          else io.out(`${oneLine(to, 200)} written, ${megabytes(bytes)}\n`)
        }),
    )
    .addCommand(
      withCommonOptions(new Command('vacuum').description('Writes the store anew, without free room.'))
        .addHelpText('after', '\nExample:\n  evalkit store vacuum')
        .action(async (options: CommonOptions) => {
          const { before, after } = await vacuumStore(await fileOf(io, options))
          if (options.json === true) outJson(io, { before, after })
          else io.out(`${megabytes(before)} before, ${megabytes(after)} now\n`)
        }),
    )
    .addCommand(
      withCommonOptions(new Command('stats').description('What the store holds, and what it takes.'))
        .addHelpText('after', '\nExample:\n  evalkit store stats')
        .action(async (options: CommonOptions) => figures(io, await fileOf(io, options), options)),
    )
    .addHelpText('after', '\nExample:\n  evalkit store check')
}

async function check(io: Io, file: string, options: CommonOptions): Promise<void> {
  const found = await checkStore(file)
  if (options.json === true) outJson(io, found)
  else io.out(checkText(found))
  if (found.damaged.length === 0 && found.unreadable.length === 0) return
  throw new EvalkitError('EVK_STORE_CORRUPT', 'The store is damaged.', { at: { file } })
}

function checkText({ damaged, unreadable, traces }: StoreCheck): string {
  if (damaged.length === 0 && unreadable.length === 0) return `sound: ${plural(traces, 'trace')} read back\n`
  const lines = [
    ...damaged.map((what) => `damaged: ${oneLine(what, 200)}`),
    ...unreadable
      .slice(0, shown)
      .map(({ id, reason }) => `unreadable: ${oneLine(id, 60)}  ${oneLine(reason, 200)}`),
    ...(unreadable.length > shown ? [`… and ${unreadable.length - shown} more (--json lists all)`] : []),
  ]
  return `${lines.join('\n')}\n`
}

async function figures(io: Io, file: string, options: CommonOptions): Promise<void> {
  const found = await storeFigures(file)
  if (options.json === true) {
    outJson(io, found)
    return
  }
  const day = (moment: number | undefined): string =>
    moment === undefined ? 'unknown' : new Date(moment).toISOString().slice(0, 10)
  io.out(
    [
      `${plural(found.traces, 'trace')} of ${plural(found.spans, 'span')}, ${plural(found.runs, 'run')} of ${plural(found.trials, 'trial')}`,
      `from ${day(found.oldest)} to ${day(found.newest)}`,
      `${megabytes(found.fileBytes)}, of it ${megabytes(found.bodyBytes)} records and bodies, ${megabytes(found.freeBytes)} free`,
      ...(found.unindexed === 0 ? [] : [`${found.unindexed} traces wait for their words to be searchable`]),
      '',
    ].join('\n'),
  )
}

async function fileOf(io: Io, options: CommonOptions): Promise<string> {
  return within(io, options.store ?? (await loadConfig(io.cwd)).store)
}

function within({ cwd }: Io, name: string): string {
  return isAbsolute(name) ? name : join(cwd, name)
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`
}
