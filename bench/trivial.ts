import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

/**
 * 5,000 cases whose target returns its input, one `equals`, results kept on disk: `evalkit run` beside a plain Node
 * loop that does the same and writes JSON lines. Wall time and peak memory of the whole process, median of five.
 */

const root = dirname(import.meta.dirname)
const cases = 5_000
const rounds = 5

const evalFile = `
import { defineEval } from 'evalkit'
import { equals } from 'evalkit/checks'
export default defineEval({
  name: 'trivial',
  dataset: Array.from({ length: ${cases} }, (_, n) => ({ id: 'case-' + n, input: 'text ' + n, expected: 'text ' + n })),
  target: (input: string) => input,
  checks: [equals()],
})
`

const plainLoop = `
import { createWriteStream } from 'node:fs'
const out = createWriteStream('results.jsonl')
const target = async (input) => input
for (let n = 0; n < ${cases}; n++) {
  const [input, expected] = ['text ' + n, 'text ' + n]
  const output = await target(input)
  out.write(JSON.stringify({ id: 'case-' + n, input, output, score: output === expected ? 1 : 0 }) + '\\n')
}
out.end()
`

/** Printed on the way out by the measured process itself: nothing else knows its peak, and what it took of the processor. */
const meter = `process.on('exit', () => {
  const { maxRSS, userCPUTime, systemCPUTime } = process.resourceUsage()
  process.stderr.write('\\nPEAK ' + maxRSS + ' CPU ' + (userCPUTime + systemCPUTime) + '\\n')
})\n`

export interface Measured {
  readonly wallMs: number
  /** Of all its threads: on a machine that others use it says more than the wall does. */
  readonly cpuMs: number
  readonly peakMiB: number
}

export function measure(args: readonly string[], dir: string): Measured {
  const started = performance.now()
  const { stderr, status } = spawnSync(process.execPath, ['--import', './meter.mjs', ...args], {
    cwd: dir,
    encoding: 'utf8',
    env: { ...process.env, NO_COLOR: '1' },
  })
  const wallMs = performance.now() - started
  const [, peak, cpu] = /PEAK (\d+) CPU (\d+)/.exec(stderr) ?? []
  if (status !== 0 || peak === undefined) throw new Error(`the measured process failed:\n${stderr}`)
  return { wallMs, cpuMs: Number(cpu) / 1000, peakMiB: Number(peak) / 1024 }
}

export function workspace(): string {
  const dir = mkdtempSync(join(tmpdir(), 'evalkit-bench-'))
  mkdirSync(join(dir, 'node_modules'))
  mkdirSync(join(dir, 'evals'))
  symlinkSync(root, join(dir, 'node_modules', 'evalkit'), 'dir')
  writeFileSync(join(dir, 'package.json'), '{ "type": "module", "private": true }\n')
  writeFileSync(join(dir, 'meter.mjs'), meter)
  return dir
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}

export function run(): void {
  const dir = workspace()
  try {
    writeFileSync(join(dir, 'evals', 'trivial.eval.ts'), evalFile)
    writeFileSync(join(dir, 'loop.mjs'), plainLoop)
    const programs = {
      'plain Node loop': ['loop.mjs'],
      'evalkit run': [join(root, 'bin', 'evalkit.mjs'), 'run'],
      'evalkit --version': [join(root, 'bin', 'evalkit.mjs'), '--version'],
    }
    console.log(`${cases} trivial cases, median of ${rounds}, Node ${process.versions.node}`)
    for (const [name, args] of Object.entries(programs)) {
      const measured = Array.from({ length: rounds }, () => {
        rmSync(join(dir, '.evalkit'), { recursive: true, force: true })
        return measure(args, dir)
      })
      const wall = median(measured.map(({ wallMs }) => wallMs))
      const peak = median(measured.map(({ peakMiB }) => peakMiB))
      console.log(
        `  ${name.padEnd(18)} ${wall.toFixed(0).padStart(6)} ms  ${peak.toFixed(0).padStart(5)} MiB`,
      )
    }
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

if (process.argv[1] === import.meta.filename) run()
