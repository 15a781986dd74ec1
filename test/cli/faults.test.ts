import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { runCli, runProgram, stripsTypes, workspace } from '../support/cli.ts'

/** Looks an order up and refunds it. It tries again what fails, also what may have been done: its mistake. */
const agent = `
import { tool, trace } from 'evalkit/capture'

const getOrder = tool({ name: 'get_order' }, async ({ order }) => ({ order, usd: 18 }), { effect: 'read' })
const refund = tool({ name: 'refund' }, async ({ order, usd }) => 'refunded ' + usd + ' of ' + order, { effect: 'write' })

async function twice(call) {
  return call().catch(call)
}

export function refunds({ order }) {
  return trace('refunds', { id: 't_refunds', input: { order } }, async () => {
    const { usd } = await twice(() => getOrder({ order }))
    if (typeof usd !== 'number') return 'I could not read what ' + order + ' cost.'
    await twice(() => refund({ order, usd }))
    return 'Refunded ' + usd + ' USD.'
  })
}
`
const evalFile = `
import { defineEval, none } from 'evalkit'
import { refunds } from '../agent.js'
export default defineEval({
  name: 'refunds', dataset: [{ id: 'a', input: {} }], target: refunds, checks: [() => true], user: none(),
})
`
const files = {
  'agent.js': agent,
  'evals/other.eval.ts': evalFile
    .replace("name: 'refunds'", "name: 'other'")
    .replace('target: refunds', "target: () => refunds({ order: 'W13' })"),
  'capture.js': `import { refunds } from './agent.js'\nconsole.log(await refunds({ order: 'W12' }))\n`,
  'evals/refunds.eval.ts': evalFile,
  'faults/columns.yaml':
    'name: what our network does\nfaults:\n  - timeout\n  - "503"\n  - injected-instructions\n',
  'faults/rates.json': JSON.stringify({ rates: { timeout: 0.5, '503': 0.5 } }),
}

let dir = ''
const evalkit = (...args: readonly string[]) => runCli({}, args, { dir })
const replay = (...args: readonly string[]) => evalkit('replay', 't_refunds', '--eval', 'refunds', ...args)

beforeAll(async () => {
  dir = workspace(files)
  await runProgram(process.execPath, ['capture.js'], { dir, env: stripsTypes })
  await evalkit('import', '.evalkit/spool')
})

it('without faults the run is reproduced', async () => {
  expect(await replay()).toMatchObject({ exitCode: 0 })
})

interface Cells {
  readonly cells: readonly {
    readonly rule: string
    readonly verdict: { readonly word: string; readonly why: string }
  }[]
}

describe('evalkit replay --fault', () => {
  it('puts one in, and says what came of it', async () => {
    const { exitCode, stdout, stderr } = await replay('--fault', 'get_order@1: 503')
    expect(stderr).toBe('')
    expect(stdout).toContain('injected  tool')
    expect(stdout).toContain('  step 1  get_order (call 1)  503\n')
    expect(stdout).toContain('survived: the same writes, the same answer')
    expect(exitCode).toBe(0)
  })

  it('finds a refund that is made twice', async () => {
    const { exitCode, stdout } = await replay('--fault', 'refund@1: timeout', '--json')
    expect(exitCode).toBe(1)
    expect(JSON.parse(stdout)).toMatchObject({
      faults: {
        schedule: ['refund@1: timeout'],
        injected: [{ step: 2, place: 'tool', name: 'refund', fault: 'timeout', done: 'maybe' }],
        verdict: { word: 'double write' },
      },
    })
  })

  it('takes several', async () => {
    const many = await replay('--fault', 'get_order@1: 503', '--fault', 'refund: 429', '--json')
    expect(many.exitCode).toBe(1)
    expect(JSON.parse(many.stdout)).toMatchObject({ faults: { verdict: { word: 'crashed' } } })
  })

  it('is not decided where the fault did not happen', async () => {
    const { exitCode, stdout } = await replay('--fault', 'get_order@7: 503')
    expect(stdout).toContain('put in: nothing')
    expect(stdout).toContain('not decided: it did not happen')
    expect(exitCode).toBe(3)
  })

  it.each([
    [['--fault', 'get_order@1 503'], 'EVK_FAULT_INVALID', 'expected ":" and a fault (column 13)'],
    [['--fault', 'get_order: tiemout'], 'EVK_FAULT_INVALID', 'did you mean "timeout"?'],
    [['--fault', 'get_ordr: 503'], 'EVK_FAULT_INVALID', 'did you mean "get_order"?'],
    [['--fault', 'x: 503', '--faults', 'all'], 'EVK_USAGE', 'exclude each other'],
    [['--faults', 'timeout,boom'], 'EVK_FAULT_INVALID', 'there is no fault "boom"'],
    [['--faults', 'faults/none.yaml'], 'EVK_FILE_NOT_FOUND', 'does not exist'],
    [['--faults', 'timeout', '--seed', '1'], 'EVK_USAGE', '--seed belongs to a profile'],
    [['--faults', 'faults/rates.json', '--seed', '1.5'], 'EVK_USAGE', 'A seed is a whole number'],
  ])('refuses %j', async (args, code, what) => {
    const { exitCode, stdout, stderr } = await replay(...args)
    expect([exitCode, stdout]).toEqual([2, ''])
    expect(stderr).toContain(code)
    expect(stderr).toContain(what)
  })

  it('wants one trace', async () => {
    const { exitCode, stderr } = await evalkit('replay', '--all', '--faults', 'all')
    expect(exitCode).toBe(2)
    expect(stderr).toContain('Faults are put into one trace')
  })
})

describe('evalkit replay --faults', () => {
  it('makes a matrix of each call and each fault', async () => {
    const faults =
      'rate-limit,502,timeout,reset,truncated,malformed,wrong-schema,empty,slow 5ms,injected-instructions'
    const { exitCode, stdout, stderr } = await replay('--faults', faults, '--json')
    expect([exitCode, stderr]).toEqual([1, ''])
    const { cells } = JSON.parse(stdout) as Cells
    expect(Object.fromEntries(cells.map(({ rule, verdict }) => [rule, verdict.word]))).toMatchInlineSnapshot(`
      {
        "get_order@1: 502": "survived",
        "get_order@1: empty": "degraded",
        "get_order@1: injected-instructions": "survived",
        "get_order@1: malformed": "survived",
        "get_order@1: rate-limit": "survived",
        "get_order@1: reset": "survived",
        "get_order@1: slow 5ms": "survived",
        "get_order@1: timeout": "survived",
        "get_order@1: truncated": "survived",
        "get_order@1: wrong-schema": "degraded",
        "refund@1: 502": "double write",
        "refund@1: empty": "survived",
        "refund@1: injected-instructions": "survived",
        "refund@1: rate-limit": "survived",
        "refund@1: reset": "double write",
        "refund@1: slow 5ms": "survived",
        "refund@1: timeout": "double write",
        "refund@1: truncated": "survived",
      }
    `)
  })

  it('draws it for a terminal, with the worst first and how to see it again', async () => {
    const { exitCode, stdout } = await replay('--faults', 'timeout,503,malformed,empty')
    expect(stdout).toMatchInlineSnapshot(`
      "faults on t_refunds (refunds)

      fault      get_order  refund
      ──────────────────────────────────
      timeout    survived   double write
      503        survived   survived
      malformed  survived   –
      empty      degraded   survived

      7 trials: 5 survived, 1 degraded, 1 double write

      double write: tool refund was tried again though it may have been done already, and nothing marks both as one
        evalkit replay t_refunds --eval refunds --fault 'refund@1: timeout'
      "
    `)
    expect(exitCode).toBe(1)
  })

  it('takes its columns from a profile', async () => {
    const { stdout } = await replay('--faults', 'faults/columns.yaml', '--json')
    const { cells } = JSON.parse(stdout) as Cells
    expect(cells.map(({ rule }) => rule)).toEqual([
      'get_order@1: timeout',
      'get_order@1: 503',
      'get_order@1: injected-instructions',
      'refund@1: timeout',
      'refund@1: 503',
      'refund@1: injected-instructions',
    ])
  })

  it('plays what chance draws, the same from the same seed, byte for byte', async () => {
    const [one, two, other] = [
      await replay('--faults', 'faults/rates.json', '--seed', '3', '--json'),
      await replay('--faults', 'faults/rates.json', '--seed', '3', '--json'),
      await replay('--faults', 'faults/rates.json', '--seed', '4', '--json'),
    ]
    expect(two.stdout).toBe(one.stdout)
    expect(JSON.parse(one.stdout)).toMatchObject({ faults: { seed: 3 } })
    expect(JSON.parse(other.stdout)).not.toEqual(JSON.parse(one.stdout))
    expect((await replay('--faults', 'faults/rates.json')).stdout).toContain('put in, seed 1')
  })

  it('is not decided where the run differs without faults already', async () => {
    const other = await evalkit('replay', 't_refunds', '--eval', 'other', '--faults', 'timeout')
    expect(other.stdout).toContain('diverged at step 1')
    expect(other.stdout).toContain('not decided: without faults the replay does not get to its end')
    expect(other.exitCode).toBe(3)
  })

  it('leaves the store and the files as they were', () => {
    expect(readFileSync(join(dir, 'agent.js'), 'utf8')).toBe(agent)
  })
})
