import { readToolsFile } from '../config/tools-file.ts'
import { loadPrices } from '../lib/price.ts'
import { showToolAudit } from '../report/show-tool-audit.ts'
import { startAudit } from '../run/contracts/audit.ts'
import { cheaperModels, type ModelRun } from '../run/contracts/models.ts'
import { policyOf } from '../run/define-eval.ts'
import { isAgentsModelCall } from '../schema/call.ts'
import { EvalkitError } from '../schema/errors.ts'
import type { Trial } from '../schema/run.ts'
import type { ToolAuditReport } from '../schema/tool-contract.ts'
import type { Store } from '../store/store.ts'
import { recordedConditions } from './conditions.ts'
import { type Io, outJson } from './io.ts'
import type { CommonOptions, Project } from './project.ts'
import { withTrials } from './tallies.ts'

export interface AuditOptions extends CommonOptions {
  readonly run?: string
  readonly where?: readonly string[]
}

/** Runs whose models are looked at, newest first, and traces that tell the model of a run that does not. */
const mostRuns = 100
const mostTraces = 20

/** Looks at traces one by one, then at runs. Exits 0: what it finds is for a person to weigh. */
export async function auditTools(io: Io, project: Project, options: AuditOptions): Promise<void> {
  if (options.run !== undefined && options.where !== undefined) {
    throw new EvalkitError('EVK_USAGE', 'Either --run or --where: a run has its own traces.')
  }
  const { store, config } = project
  const audit = startAudit(readToolsFile(project.path(config.tools), config.tools))
  let traces = 0
  for await (const id of tracesOf(store, options)) {
    audit.add(await store.getTrace(id))
    traces++
  }
  const { runs, notes } = await modelRuns(store)
  const advices = cheaperModels(runs, policyOf({}, config.policy), await loadPrices(config.prices))
  const modelNotes = [...notes, ...advices.notes]
  const report: ToolAuditReport = { traces, agents: audit.agents(), models: advices.models, modelNotes }
  if (options.json === true) outJson(io, report)
  else io.out(showToolAudit(report, io.style))
}

async function* tracesOf(store: Store, options: AuditOptions): AsyncGenerator<string> {
  if (options.run === undefined) {
    for await (const { id } of store.listTraces({ where: recordedConditions(options) })) yield id
    return
  }
  const { id } = await store.getRun(options.run)
  for await (const { trace } of store.listTrials(id)) if (trace !== undefined) yield trace
}

async function modelRuns(store: Store): Promise<{ runs: readonly ModelRun[]; notes: readonly string[] }> {
  const runs: ModelRun[] = []
  const notes: string[] = []
  const whole = (await store.listRuns()).filter(
    ({ status, partial }) => status === 'finished' && partial !== true,
  )
  for (const run of whole.slice(0, mostRuns)) {
    const gathered = await withTrials(store, run)
    const model = run.versions.model ?? (await modelIn(store, gathered.trials))
    if (model === undefined) notes.push(`${run.eval}: run ${run.name} does not tell one model`)
    else runs.push({ ...gathered, model })
  }
  if (whole.length > mostRuns) notes.push(`${whole.length - mostRuns} older runs were not looked at`)
  return { runs, notes: runs.length === 0 ? [] : [...new Set(notes)] }
}

/** The one model that the first traces of a run asked; `undefined` where it was several, or none. */
async function modelIn(store: Store, trials: readonly Trial[]): Promise<string | undefined> {
  const models = new Set<string>()
  const ids = trials.flatMap(({ trace }) => (trace === undefined ? [] : [trace])).slice(0, mostTraces)
  for (const id of ids) {
    const { spans } = await store.getTrace(id)
    for (const { request, reply } of spans.filter(isAgentsModelCall)) {
      const name = request.model ?? reply?.model
      if (name !== undefined) models.add(name)
    }
  }
  const [first] = models
  return models.size === 1 ? first : undefined
}
