import { Command } from 'commander'
import type { Io } from '../io.ts'
import { collect, type CommonOptions, withCommonOptions, withProject } from '../project.ts'

interface StatsOptions extends CommonOptions {
  readonly where?: readonly string[]
}

interface ImportOptions extends CommonOptions {
  readonly format: string
  readonly dataset: string
}

/** `dataset check`, `dataset stats` and `dataset import`; each is loaded only when it is called. */
export function command(io: Io, exit: (code: number) => void): Command {
  return new Command('dataset')
    .description(
      'Looks after datasets: what is wrong with them, what they hold and lack, those of other tools.',
    )
    .addCommand(checkCommand(io, exit))
    .addCommand(statsCommand(io))
    .addCommand(importCommand(io))
    .addHelpText('after', '\nExample:\n  evalkit dataset check support')
}

function checkCommand(io: Io, exit: (code: number) => void): Command {
  return withCommonOptions(
    new Command('check')
      .description(
        'Finds what is wrong: schema, ids, duplicates, contradictions, secrets, fixtures, cases that nothing can fail.',
      )
      .argument('[name...]', 'datasets (default: all)'),
  )
    .addHelpText(
      'after',
      '\nExample:\n  evalkit dataset check support\n\nLoads the evals and asks their checks. Exit 1 where there is an error, 0 where there are warnings at most.',
    )
    .action((names: readonly string[], options: CommonOptions) =>
      withProject(io, options, async (project) => {
        const { checkDatasets } = await import('../dataset-check.ts')
        exit(await checkDatasets(io, project, names, options.json === true))
      }),
    )
}

function statsCommand(io: Io): Command {
  return withCommonOptions(
    new Command('stats')
      .description(
        'Counts what datasets hold, and what production traces of the store show that they do not.',
      )
      .argument('[name...]', 'datasets (default: all)')
      .option('--where <conditions>', 'only beside traces that fit', collect),
  )
    .addHelpText('after', "\nExample:\n  evalkit dataset stats support --where 'started>2026-11-01'")
    .action((names: readonly string[], options: StatsOptions) =>
      withProject(io, options, async (project) => {
        const { datasetStats } = await import('../dataset-stats.ts')
        await datasetStats(io, project, names, options)
      }),
    )
}

function importCommand(io: Io): Command {
  return withCommonOptions(
    new Command('import')
      .description('Makes cases of a dataset of another tool, and names all that it leaves out.')
      .argument('<file>', 'a file of tests or samples: .yaml, .json, .jsonl or .csv')
      .requiredOption('--dataset <name>', 'the dataset the cases go to')
      .option('--format <name>', 'format of the file, or auto', 'auto'),
  )
    .addHelpText('after', '\nExample:\n  evalkit dataset import promptfooconfig.yaml --dataset support')
    .action((file: string, options: ImportOptions) =>
      withProject(io, options, async (project) => {
        const { importDataset } = await import('../dataset-import.ts')
        await importDataset(io, project, file, options)
      }),
    )
}
