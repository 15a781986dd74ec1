import { Command } from 'commander'
import { oneLine } from '../../lib/text.ts'
import { play } from '../../replay/play.ts'
import { whileOpen } from '../../replay/target.ts'
import { showReplay } from '../../report/show-replay.ts'
import { EvalkitError } from '../../schema/errors.ts'
import type { Outcome } from '../../schema/outcome.ts'
import { type Trace, stepsOf } from '../../schema/trace.ts'
import { wires } from '../../tap/wire/index.ts'
import { recordedConditions } from '../conditions.ts'
import { asksForFaults } from '../fault-plans.ts'
import { type Io, outJson } from '../io.ts'
import { withModeFlags } from '../modes.ts'
import { collect, type Project, withCommonOptions, withProject } from '../project.ts'
import { replayFaults } from '../replay-faults.ts'
import { asksForFork, replayFork } from '../replay-fork.ts'
import { keeperOf, type LiveOptions, replayLive } from '../replay-live.ts'
import { asksForPeople, replayPeople } from '../replay-people.ts'
import { trialsFrom } from '../trials-flag.ts'
import { asksWhatIf, type WhatIfFlags, withWhatIfFlags } from '../what-if-flags.ts'
import { agentOf, poolOf, refusalOf, type TrialOptions, trialOf } from '../replay-trial.ts'

interface Options extends TrialOptions, LiveOptions, WhatIfFlags {
  readonly all?: boolean
  readonly where?: readonly string[]
}

interface Replayed {
  readonly trace: Trace
  readonly outcome: Outcome
}

export function command(io: Io, exit: (code: number) => void): Command {
  const command = withCommonOptions(
    new Command('replay')
      .description(
        'Plays a recorded run again: the agent’s code is live, models, tools and people answer from the recording. ' +
          'Exits 0 when the run is reproduced, 1 when it diverges.',
      )
      .argument('[trace-id]', 'the trace, or a beginning of its id')
      .option('--eval <name-or-file>', 'play the target of this eval (default: the built-in loop)')
      .option('--api <format>', `wire format of the built-in loop: ${Object.keys(wires).join(', ')}`)
      .option('--all', 'replay all traces, or those that --where selects')
      .option('--where <conditions>', 'with --all: only traces that fit', collect)
      .option('--trials <k>', 'with live models: so many trials')
      .option('--strict', 'reads are never answered with what was recorded after other writes')
      .option('--dataset <name>', 'with --record: the dataset whose fixture it is kept in'),
  )
  return withModeFlags(withWhatIfFlags(command))
    .addHelpText(
      'after',
      '\nExample:\n  evalkit replay t_3f2a\n  evalkit replay t_3f2a --eval evals/support.eval.ts',
    )
    .action((id: string | undefined, options: Options) =>
      withProject(io, options, async (project) => {
        if ((id === undefined) === (options.all !== true)) {
          throw new EvalkitError(
            'EVK_USAGE',
            id === undefined ? 'Which trace?' : 'A trace id and --all exclude each other.',
            {
              hint: 'evalkit replay <trace-id>, or --all with --where.',
            },
          )
        }
        assertOneThing(options, id)
        if (asksForFaults(options) && id === undefined) {
          throw new EvalkitError('EVK_USAGE', 'Faults are put into one trace: which?', {
            hint: 'evalkit replay <trace-id> --faults all',
          })
        }
        exit(
          id === undefined
            ? await replayAll(io, project, options)
            : await replayOne(io, project, id, options),
        )
      }),
    )
}

/** Faults, and a what-if, are of one trace, and not of one trial. Throws `EVK_USAGE`. */
function assertOneThing(options: Options, id: string | undefined): void {
  if (!asksForFork(options) && !asksForPeople(options)) return
  asksWhatIf(options)
  if (id === undefined) {
    throw new EvalkitError('EVK_USAGE', 'What would be if is asked of one trace: which?', {
      hint: 'evalkit replay <trace-id> --human deny@1',
    })
  }
  const many = options.trials === undefined ? (options.record === true ? '--record' : undefined) : '--trials'
  if (many !== undefined) {
    throw new EvalkitError(
      'EVK_USAGE',
      `A what-if is one trial, that is saved as a trace: it takes no ${many}.`,
      {
        hint: 'Promote the trace of a fork, and play that: evalkit promote <trace-id> --dataset <name>.',
      },
    )
  }
}

async function replayOne(io: Io, project: Project, id: string, options: Options): Promise<number> {
  const trace = await project.store.getTrace(id)
  const agent = await agentOf(io, project, options)
  const pool = await poolOf(project, trace, agent)
  if (asksForFaults(options)) {
    const faulty = {
      trace,
      trial: () => trialOf(io, project, trace, agent, options, pool),
      show: (outcome: Outcome) => showReplay(trace, outcome, io.style),
      document: (outcome: Outcome) => documentOf({ trace, outcome }),
    }
    return whileOpen(faulty.trial().target, io.signal, () => replayFaults(io, project, faulty, options))
  }
  if (asksForFork(options) || asksForPeople(options)) {
    const whatIf = {
      trace,
      trial: trialOf(io, project, trace, agent, options, pool),
      overrides: agent.answering.modes.overrides,
      document: (outcome: Outcome) => documentOf({ trace, outcome }),
    }
    return whileOpen(whatIf.trial.target, io.signal, () =>
      asksForFork(options)
        ? replayFork(io, project, whatIf, options)
        : replayPeople(io, project, whatIf, options),
    )
  }
  if (agent.answering.models !== undefined) {
    const live = {
      trace,
      trial: (index: number) => ({ ...trialOf(io, project, trace, agent, options, pool), trial: index }),
      trials: trialsFrom(options.trials, 1000) ?? 1,
      checks: agent.checks,
      known: agent.answering.known,
      document: (outcome: Outcome) => documentOf({ trace, outcome }),
      keep: keeperOf(project, trace, agent.answering.modes, options.dataset),
    }
    return whileOpen(agent.target, io.signal, () => replayLive(io, project, live, options))
  }
  const played = (): Promise<Outcome> => play(trialOf(io, project, trace, agent, options, pool))
  const outcome = await whileOpen(agent.target, io.signal, played)
  if (options.json === true) outJson(io, documentOf({ trace, outcome }))
  else io.out(showReplay(trace, outcome, io.style))
  return reproduced(outcome) ? 0 : 1
}

async function replayAll(io: Io, project: Project, options: Options): Promise<number> {
  const agent = await agentOf(io, project, options)
  if (agent.answering.models !== undefined) {
    throw new EvalkitError('EVK_USAGE', 'Live models are asked for one trace, or for a dataset.', {
      hint: 'evalkit replay <trace-id> --llm live, or evalkit run --llm live.',
    })
  }
  const found: { readonly trace: string; readonly task?: string; readonly outcome: Outcome }[] = []
  const ids: string[] = []
  for await (const { id } of project.store.listTraces({ where: recordedConditions(options) })) ids.push(id)
  if (ids.length === 0) throw new EvalkitError('EVK_TRACE_NOT_FOUND', 'No trace fits.')
  const documents: object[] = []
  const impossible: { readonly trace: string; readonly reason: string }[] = []
  await whileOpen(agent.target, io.signal, async () => {
    for (const id of ids) {
      const trace = await project.store.getTrace(id)
      const refusal = refusalOf(trace)
      if (refusal !== undefined) {
        impossible.push({ trace: id, reason: refusal.message })
        continue
      }
      const pool = await poolOf(project, trace, agent)
      const outcome = await play(trialOf(io, project, trace, agent, options, pool))
      found.push({ trace: id, outcome, ...(trace.task === undefined ? {} : { task: trace.task.id }) })
      if (options.json === true) documents.push(documentOf({ trace, outcome }))
    }
  })
  const diverged = found.filter(({ outcome }) => !reproduced(outcome))
  const same = found.length - diverged.length
  if (options.json === true) outJson(io, { replays: documents, reproduced: same, impossible })
  else {
    for (const { trace, task, outcome } of diverged) {
      io.out(`${trace}${task === undefined ? '' : ` (task ${task})`}  ${whyNot(outcome)}\n`)
    }
    for (const { trace, reason } of impossible)
      io.out(`${trace}  cannot be replayed: ${oneLine(reason, 500)}\n`)
    const not = impossible.length === 0 ? '' : `, ${impossible.length} cannot be replayed`
    io.out(`${same} of ${ids.length} reproduced, ${diverged.length} diverged${not}\n`)
  }
  return same === ids.length ? 0 : 1
}

function reproduced({ status, divergences }: Outcome): boolean {
  return status !== 'aborted' && divergences.length === 0
}

function whyNot({ divergences, reason }: Outcome): string {
  const [first] = divergences
  if (first === undefined) return reason ?? 'aborted'
  const [difference] = first.differences
  return `${first.what}${difference === undefined ? '' : ` First difference at ${difference.path || 'the whole'}.`}`
}

function documentOf({ trace, outcome }: Replayed): object {
  return {
    trace: trace.id,
    ...(trace.task === undefined ? {} : { task: trace.task.id }),
    result: reproduced(outcome) ? 'reproduced' : 'diverged',
    status: outcome.status,
    fidelity: outcome.fidelity,
    divergences: outcome.divergences,
    steps: stepsOf(outcome.trace).map((span, index) => ({
      step: index + 1,
      kind: span.kind,
      name: span.name,
      served: span.served ?? null,
    })),
  }
}
