import { Command } from 'commander'
import { showDecisions } from '../../report/show-decisions.ts'
import { readDecisions } from '../../run/baseline-file.ts'
import { acceptCommand } from '../baseline-accept.ts'
import { poolCommand } from '../baseline-pool.ts'
import { releaseCommand } from '../baseline-release.ts'
import { type Io, outJson } from '../io.ts'
import { type CommonOptions, withCommonOptions, withProject } from '../project.ts'

export function command(io: Io): Command {
  return new Command('baseline')
    .description('The accepted state of an eval.')
    .addCommand(acceptCommand(io))
    .addCommand(releaseCommand(io))
    .addCommand(poolCommand(io))
    .addCommand(log(io))
    .addHelpText('after', '\nExample:\n  evalkit baseline accept --run airline --reason "first baseline"')
}

function log(io: Io): Command {
  return withCommonOptions(
    new Command('log')
      .description('Who accepted what, when and why: the decisions log, newest first.')
      .option('--eval <name>', 'only decisions about this eval'),
  )
    .addHelpText('after', '\nExample:\n  evalkit baseline log --eval airline')
    .action((options: CommonOptions & { readonly eval?: string }) =>
      withProject(io, options, async ({ config, path }) => {
        const file = `${config.evals}/decisions.jsonl`
        const all = await readDecisions(path(file), file)
        const about = options.eval === undefined ? all : all.filter((one) => one.eval === options.eval)
        const decisions = about.toReversed()
        if (options.json === true) outJson(io, { file, decisions })
        else io.out(showDecisions(decisions, io.style))
      }),
    )
}
