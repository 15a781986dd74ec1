import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { byCodeUnit, canonicalJson } from '../../src/lib/json.ts'
import type { Json } from '../../src/schema/json.ts'
import { knownTools } from '../../src/schema/known-tools.ts'
import type { Score } from '../../src/schema/score.ts'
import type { Trace } from '../../src/schema/trace.ts'
import { approvals, handoffs, stateEquals, writes } from '../../src/score/checks/index.ts'
import { effectsIn, placedCalls } from '../../src/score/effects.ts'
import { userAllowed } from '../../src/score/approval.ts'
import { askedPeople } from '../../src/score/asked-people.ts'
import type { Subject } from '../../src/score/check.ts'
import { handoffsIn } from '../../src/score/handoffs.ts'
import { score } from '../../src/score/score.ts'
import { subjectOf } from '../../src/score/subject.ts'
import { userSaidIn } from '../../src/score/user-said.ts'
import type { NamedFigures, Section } from './figures.ts'
import { type ImportedFile, importedFiles, passed } from './imported.ts'
import { tauTools } from './tau-tools.ts'

const folder = 'tau-bench/trajectories'
const known = knownTools(tauTools)
/** The end of a run is no write of the benchmark's. */
const ignoreTools = ['transfer_to_human_agents']
const writing = Object.entries(tauTools.tools).flatMap(([name, { effect }]) =>
  effect === 'write' ? [name] : [],
)

/** Agreement with the benchmark, and where there is none, which way and why. */
function verdicts(agree: number, unsaid: number, cut: number, other: number, failed: number): NamedFigures {
  return {
    agree,
    'we pass, reward 0: the right writes, not said what was asked': unsaid,
    'we pass, reward 0: the right writes, cut off before the end': cut,
    'we pass, reward 0: other data': other,
    'we fail, reward 1': failed,
  }
}

/**
 * What agents of tau-bench did to its world: `writes` and `stateEquals` against the benchmark's own verdict, which runs the
 * expected and the made calls on its data and compares the data; its policy "the user said yes before a write" by
 * `approvals`; and handoffs to people against the schema of the tool that makes them. Figures pinned here were read by
 * hand where docs/effects.md says so; there are no official ones.
 */
export const effects: Section = {
  name: 'effects',
  expected: {
    'tau-bench/trajectories/agentverify-retail-tool-calling-with-preconditions.json': {
      runs: 100,
      'writes done': 128,
      'writes against the reward': verdicts(90, 3, 2, 0, 5),
      'last writes against the reward': verdicts(90, 3, 2, 0, 5),
      'state folded by a reduce against the reward': verdicts(94, 3, 2, 0, 1),
      'calls that write': 138,
      'without a yes of the user': 12,
      'runs with such a call': 10,
      'runs that hand over to people': 8,
      'of these within the schema of the tool': 8,
    },
    'tau-bench/trajectories/agentverify-retail-tool-calling.json': {
      runs: 100,
      'writes done': 128,
      'writes against the reward': verdicts(90, 4, 0, 0, 6),
      'last writes against the reward': verdicts(90, 4, 0, 0, 6),
      'state folded by a reduce against the reward': verdicts(94, 4, 0, 0, 2),
      'calls that write': 148,
      'without a yes of the user': 25,
      'runs with such a call': 19,
      'runs that hand over to people': 7,
      'of these within the schema of the tool': 7,
    },
    'tau-bench/trajectories/gpt-4o-airline.json': {
      runs: 200,
      'writes done': 177,
      'writes against the reward': verdicts(195, 2, 2, 0, 1),
      'last writes against the reward': verdicts(195, 2, 2, 0, 1),
      'state folded by a reduce against the reward': verdicts(196, 2, 2, 0, 0),
      'calls that write': 250,
      'without a yes of the user': 61,
      'runs with such a call': 29,
      'runs that hand over to people': 48,
      'of these within the schema of the tool': 48,
    },
    'tau2/simulations/airline20__gpt-4.1-finetuned.json': {
      'calls that write': 26,
      'without a yes of the user': 0,
    },
    'tau2/simulations/airline20__gpt-4.1.json': { 'calls that write': 26, 'without a yes of the user': 0 },
    'tau2/simulations/airline__azure-gpt-4o-2024-11-20.json': {
      'calls that write': 54,
      'without a yes of the user': 4,
    },
    'tau2/simulations/airline__claude-sonnet-4-5-thinking.json': {
      'calls that write': 43,
      'without a yes of the user': 0,
    },
    'tau2/simulations/airline__qwen2.5-7b.json': { 'calls that write': 117, 'without a yes of the user': 39 },
    'tau2/simulations/retail40__gpt-4.1-finetuned.json': {
      'calls that write': 64,
      'without a yes of the user': 2,
    },
    'tau2/simulations/retail40__gpt-4.1.json': { 'calls that write': 61, 'without a yes of the user': 3 },
    'trace-formats/temporal/openai_agents__customer-service-workflow-history.json': {
      'questions to people who decide': 0,
      handoffs: ['CustomerServiceWorkflow->seat_booking_agent'],
    },
    'trace-formats/temporal/openai_agents__tools-workflow-history.json': {
      'questions to people who decide': 0,
      handoffs: [],
    },
  },
  async compute(directory) {
    const figures: Record<string, NamedFigures> = {}
    for await (const file of importedFiles(directory, folder)) {
      figures[file.path] = await figuresOf(file, await contractsIn(directory, file))
    }
    for await (const { path, traces } of importedFiles(directory, 'tau2/simulations')) {
      // Its telecom agents work alone: there is no user to ask.
      if (path.includes('telecom')) continue
      const allowed = traces.flatMap((trace) => allowedIn(subjectIn(trace).outcome))
      figures[path] = {
        'calls that write': allowed.length,
        'without a yes of the user': allowed.filter((word) => word === 'no').length,
      }
    }
    for await (const { path, traces } of importedFiles(directory, 'trace-formats/temporal')) {
      figures[path] = {
        'questions to people who decide': traces.reduce((sum, trace) => sum + askedPeople(trace).length, 0),
        handoffs: traces.flatMap((trace) => handoffsIn(trace, {}).map(({ from, to }) => `${from}->${to}`)),
      }
    }
    return figures
  },
}

async function figuresOf({ traces }: ImportedFile, contracts: Contracts): Promise<NamedFigures> {
  const subjects = traces.map((trace) => ({ trace, subject: subjectIn(trace) }))
  const risk = Object.fromEntries(writing.map((name) => [name, 'high' as const]))
  const rule = approvals({ risk, otherwise: 'user-said-yes' })
  const handing = subjects.filter(({ trace }) => handoffsIn(trace, {}).length > 0)
  const contract = handoffs({ contracts, required: true })
  const allowed = subjects.flatMap(({ subject }) => allowedIn(subject.outcome))
  return {
    runs: traces.length,
    'writes done': subjects.reduce((sum, { subject }) => sum + writesIn(subject), 0),
    'writes against the reward': await against(subjects, writes({ ignoreTools })),
    'last writes against the reward': await against(subjects, stateEquals({ ignoreTools })),
    'state folded by a reduce against the reward': await against(
      subjects,
      stateEquals({ ignoreTools, reduce: afterWrite }),
    ),
    'calls that write': allowed.length,
    'without a yes of the user': allowed.filter((word) => word === 'no').length,
    'runs with such a call': (await words(subjects, rule)).filter((word) => word === 'fail').length,
    'runs that hand over to people': handing.length,
    'of these within the schema of the tool': (await words(handing, contract)).filter(
      (word) => word === 'pass',
    ).length,
  }
}

/** For each call that writes, whether the user had said yes to it. */
function allowedIn(outcome: Subject['outcome']): readonly string[] {
  const said = userSaidIn(outcome)
  return placedCalls(outcome).flatMap(({ at, call }) =>
    writing.includes(call.name) ? [userAllowed(said(at), call).word] : [],
  )
}

interface Judged {
  readonly trace: Trace
  readonly subject: Subject
}

type Asked = Parameters<typeof score>[1][number]

/** How often a check and the benchmark agree; where they do not, which way, and why where the benchmark tells. */
async function against(subjects: readonly Judged[], check: Asked): Promise<NamedFigures> {
  const judged = await words(subjects, check)
  const pairs = subjects.map(({ trace }, at) => ({
    ours: judged[at] === 'pass',
    theirs: passed(trace),
    unsaid: trace.attributes['tau-bench.r_outputs'] === 0,
    // Only a run that came to its end was judged on its data.
    unjudged: ['r_outputs', 'r_actions'].every((key) => trace.attributes[`tau-bench.${key}`] === undefined),
  }))
  const count = (is: (pair: (typeof pairs)[number]) => boolean) => pairs.filter(is).length
  return verdicts(
    count(({ ours, theirs }) => ours === theirs),
    count(({ ours, theirs, unsaid }) => ours && !theirs && unsaid),
    count(({ ours, theirs, unjudged }) => ours && !theirs && unjudged),
    count(({ ours, theirs, unsaid, unjudged }) => ours && !theirs && !unsaid && !unjudged),
    count(({ ours, theirs }) => !ours && theirs),
  )
}

async function words(subjects: readonly Judged[], check: Asked): Promise<readonly string[]> {
  const scores = await Promise.all(subjects.map(({ subject }) => score(subject, [check])))
  return scores.map(([one]) => wordOf(one))
}

function wordOf(one: Score | undefined): string {
  if (one?.status !== 'scored') return 'unscored'
  return one.passed ? 'pass' : 'fail'
}

function writesIn({ outcome }: Subject): number {
  return effectsIn(outcome, known, (name) => writing.includes(name)).length
}

function subjectIn(trace: Trace): Subject {
  const reference = trace.task?.reference
  const { case: of, outcome } = subjectOf(reference === undefined ? {} : { reference })
  return { case: of, outcome: { ...outcome, trace }, tools: known }
}

type Contracts = Parameters<typeof handoffs>[0]['contracts']

interface World {
  readonly [entity: string]: readonly Json[]
}

/**
 * What the benchmark's tools make of its data, as far as writes tell it: items of an order are a set, one that is swapped for
 * itself stays, a flight is its number and its date, other tools of one order do not meet, and an order that was changed,
 * cancelled or sent back takes no more of it.
 */
function afterWrite(
  state: Json,
  { name, arguments: given }: { readonly name: string; readonly arguments: Json },
): Json {
  const world = state as World
  const { item_ids: items, new_item_ids: others, flights, ...rest } = given as Readonly<Record<string, Json>>
  const entity =
    [rest['order_id'], rest['reservation_id'], rest['user_id']].find((id) => typeof id === 'string') ?? ''
  const before = world[entity] ?? []
  if (closing.has(name) && before.some((write) => closing.has((write as { name: string }).name))) return state
  const swaps = (items as readonly string[] | undefined)
    ?.map((item, at) => [item, (others as readonly string[] | undefined)?.[at]])
    .filter(([item, other]) => item !== other)
    .map((swap) => swap.join(' '))
    .toSorted(byCodeUnit)
  const legs = (
    flights as readonly { readonly flight_number: string; readonly date: string }[] | undefined
  )?.map((flight) => `${flight.flight_number} ${flight.date}`)
  const write = {
    name,
    ...rest,
    ...(swaps === undefined ? {} : { swaps }),
    ...(legs === undefined ? {} : { legs }),
  }
  const after = [...before, write].toSorted((a, b) => byCodeUnit(canonicalJson(a), canonicalJson(b)))
  return { ...world, [entity]: after }
}

const closing: ReadonlySet<string> = new Set([
  'cancel_pending_order',
  'exchange_delivered_order_items',
  'modify_pending_order_items',
  'return_delivered_order_items',
])

/** What the tool that hands over to people takes, as the benchmark declares it. */
async function contractsIn(directory: string, { path }: ImportedFile): Promise<Contracts> {
  const domain = path.includes('airline') ? 'airline' : 'retail'
  const text = await readFile(join(directory, 'tau-bench', domain, 'tools.json'), 'utf8')
  const tools = JSON.parse(text) as readonly {
    readonly function: { readonly name: string; readonly parameters: Contracts[string] }
  }[]
  const found = tools.find((tool) => tool.function.name === 'transfer_to_human_agents')
  return { human_agents: found?.function.parameters ?? {} }
}
