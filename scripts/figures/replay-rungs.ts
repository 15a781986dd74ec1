import type { Figures, NamedFigures, Section } from './figures.ts'
import { rounded } from './figures.ts'
import { importedFiles } from './imported.ts'
import { figuresOfPairs, type Runs } from './rung-pairs.ts'
import { coverageOf, type Hits, repeatFigures, type Tally } from './rungs.ts'
import { outsideTheWorld, runPure, tauTools } from './tau-tools.ts'

/** Per rung, how many replies it served and how many of them were right. */
const expected: NamedFigures = {
  'gpt-4o-airline.json from gpt-4o-airline.json': {
    pairs: 600,
    world: {
      calls: 3072,
      coverage: 0.6543,
      exact: '1614/1614',
      'repeat-read': '14/14',
      'stale-state': '124/124',
      'pure-live': '258/258',
    },
    all: {
      calls: 3492,
      coverage: 0.6546,
      exact: '1616/1616',
      'repeat-read': '14/14',
      'stale-state': '124/124',
      'pure-live': '532/532',
    },
    refused_writes: '34/28',
  },
  'gpt-4o-airline.json from gpt-4o-airline.json, pooled': {
    pairs: 600,
    world: {
      calls: 3072,
      coverage: 0.8066,
      exact: '1614/1614',
      'repeat-read': '14/14',
      'stale-state': '146/146',
      'pure-live': '258/258',
      pooled: '446/446',
    },
    all: {
      calls: 3492,
      coverage: 0.7887,
      exact: '1616/1616',
      'repeat-read': '14/14',
      'stale-state': '146/146',
      'pure-live': '532/532',
      pooled: '446/446',
    },
    refused_writes: '19/15',
  },
  'agentverify-retail-tool-calling.json from agentverify-retail-tool-calling-with-preconditions.json': {
    pairs: 100,
    world: {
      calls: 746,
      coverage: 0.866,
      exact: '607/607',
      'repeat-read': '4/4',
      'stale-state': '17/16',
      'pure-live': '18/18',
    },
    all: {
      calls: 793,
      coverage: 0.8651,
      exact: '607/607',
      'repeat-read': '4/4',
      'stale-state': '17/16',
      'pure-live': '58/58',
    },
    refused_writes: '14/10',
  },
  'agentverify-retail-tool-calling-with-preconditions.json from agentverify-retail-tool-calling.json': {
    pairs: 100,
    world: {
      calls: 722,
      coverage: 0.8934,
      exact: '607/607',
      'repeat-read': '3/3',
      'stale-state': '19/17',
      'pure-live': '16/16',
    },
    all: {
      calls: 876,
      coverage: 0.903,
      exact: '607/607',
      'repeat-read': '3/3',
      'stale-state': '19/17',
      'pure-live': '162/162',
    },
    refused_writes: '14/10',
  },
  'repeats of telecom40-solo__gpt-4.1-finetuned.json': '76/76',
  'repeats of telecom40-solo__gpt-4.1.json': '75/75',
}

const telecom = ['telecom40-solo__gpt-4.1-finetuned.json', 'telecom40-solo__gpt-4.1.json']

/** What each rung serves on runs whose true results are known (`served/right`), and how repeats of telecom fare. */
export const replayRungs: Section = {
  name: 'replay-rungs',
  expected,
  async compute(directory) {
    const figures: Record<string, Figures> = {}
    const files: Runs[] = []
    for await (const { path, traces } of importedFiles(directory, 'tau-bench/trajectories'))
      files.push({ name: path.split('/').at(-1) ?? path, traces })
    const settings = { file: tauTools, pure: runPure, outside: outsideTheWorld }
    for (const { live, recorded, pooled, ...found } of figuresOfPairs(files, settings)) {
      figures[`${live} from ${recorded}${pooled ? ', pooled' : ''}`] = {
        pairs: found.pairs,
        world: tallied(found.world),
        all: tallied(found.all),
        refused_writes: written(found.refusedWrites),
      }
    }
    for await (const { path, traces } of importedFiles(directory, 'tau2/simulations')) {
      const name = path.split('/').at(-1) ?? path
      if (telecom.includes(name)) figures[`repeats of ${name}`] = written(repeatFigures(traces, tauTools))
    }
    return figures
  },
}

function tallied(tally: Tally): NamedFigures {
  const rungs = Object.entries(tally.rungs).filter(([name]) => name !== 'miss')
  return {
    calls: tally.calls,
    coverage: rounded(coverageOf(tally), 4),
    ...Object.fromEntries(rungs.map(([name, hits]) => [name, written(hits)])),
  }
}

function written({ served, right }: Hits): string {
  return `${served}/${right}`
}
