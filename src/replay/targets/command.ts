import { type ChildProcess, spawn } from 'node:child_process'
import { basename } from 'node:path'
import * as z from 'zod'
import { defined } from '../../lib/defined.ts'
import { contentHash } from '../../lib/hash.ts'
import { readJson } from '../../lib/json.ts'
import type { DeepReadonly, Json } from '../../schema/json.ts'
import { recordFrom } from '../../schema/read.ts'
import { upstreamsOf } from '../../tap/servers/providers.ts'
import type { RunEnd, Runs } from '../../tap/servers/runs.ts'
import { contextTap, type Tap, TapAborted } from '../../tap/tap.ts'
import { asTarget, type PlayContext, type Target } from '../target.ts'
import { guardedEnvironment } from '../world/guarded-environment.ts'
import { outsideWorld } from '../world/world.ts'
import { noteStray } from './played-trials.ts'
import { bareEnvironment, collector, killGroup, scriptsIn } from './program.ts'

/** How a program is run. */
export const commandSettings = z.strictObject({
  /** The program and its arguments; no shell reads them. `{input}` in an argument is the case's input. */
  command: z
    .array(z.string())
    .min(1)
    .refine(([program]) => program !== '', 'the program has no name'),
  /**
   * How it is told the case's input: as JSON on stdin, or as an argument: a text as it is, all else as JSON, where
   * `{input}` stands, else as the last one. Default: as an argument where `{input}` stands in the command, else on stdin.
   */
  input: z.enum(['stdin', 'argument']).optional(),
  /** The folder it runs in, and in which the files its arguments name are looked for. Default: where evalkit runs. */
  cwd: z.string().optional(),
  /** Added to its environment, which is otherwise bare. */
  env: z.record(z.string(), z.string()).default({}),
  /** Further files it is made of: if they change, it is another agent. */
  files: z.array(z.string()).default([]),
  /**
   * Upstreams (`name=https://address`) as they were when it was recorded: further ones, and the providers, where they
   * were somewhere else and their other endpoints (a list of models, embeddings) are asked too.
   */
  upstreams: z.array(z.string()).default([]),
  /** What it is called. Default: its script's name. */
  name: z.string().min(1).optional(),
})
export type CommandSettings = DeepReadonly<z.input<typeof commandSettings>>

/** Stands in a command where the input is to stand. */
const inputMark = '{input}'

const mostOutput = 16 * 1024 * 1024
const mostErrors = 64 * 1024
/** Milliseconds that what a program left running may still say something. */
const lingerMs = 500

/**
 * A program in any language as a target. It finds models and tools where `evalkit record` puts them
 * (`ANTHROPIC_BASE_URL`, `OPENAI_BASE_URL`, `EVALKIT_TOOL_URL`), MCP servers at `EVALKIT_MCP_URL`, and is answered from
 * the recording. Its input is JSON on stdin, or an argument, and stands at `GET $EVALKIT_TRACE_URL`; its output is what it
 * says with `POST $EVALKIT_TRACE_URL/end`, else its stdout: JSON where it is JSON, else the text. An exit code other than
 * 0 is a failure of the agent. What asks the network by way of `HTTP_PROXY` is refused and ends the trial; other ways out
 * of a program cannot be seen from here. Throws `EVK_EVAL_INVALID` on wrong settings.
 *
 * @example
 * target: commandTarget({ command: ['python3', 'agent.py'] })
 */
export function commandTarget(input: CommandSettings): Target {
  const settings = recordFrom(commandSettings, input, {}, 'commandTarget', 'EVK_EVAL_INVALID')
  const { command, cwd = '.', files, upstreams: further } = settings
  const providers = upstreamsOf({}, further)
  const [program = '', ...words] = command
  const how = settings.input ?? (words.some((word) => word.includes(inputMark)) ? 'argument' : 'stdin')
  const scripts = scriptsIn([...command, ...files], cwd)
  const [script] = Object.keys(scripts)
  return asTarget({
    kind: 'command',
    name: settings.name ?? basename(script ?? program),
    versions: { code: contentHash({ command, files: scripts, ...defined({ input: settings.input }) }) },
    async play(given, context) {
      const { signal } = context
      signal.throwIfAborted()
      const tap = contextTap()
      if (tap === undefined) throw new TapAborted('A command plays under a tap only.')
      // The program is the agent, and what starts and answers it is not.
      return outsideWorld(async () => {
        const run = playedRun(tap, given, context)
        // Only here: eval files of other targets need no server.
        const { openEndpoint } = await import('../../tap/servers/endpoint.ts')
        const endpoint = await openEndpoint({
          upstreams: providers.upstreams,
          runs: run.runs,
          stray: (what) => noteStray(tap, what),
        })
        try {
          const { origin } = endpoint
          const env = guardedEnvironment(
            {
              ...bareEnvironment(origin),
              ...providers.variables(origin),
              EVALKIT_MCP_URL: `${origin}/mcp`,
              ...settings.env,
            },
            origin,
          )
          signal.throwIfAborted()
          const args = how === 'stdin' ? words : withInput(words, given)
          const child = spawn(program, args, { cwd, env, detached: true, stdio: 'pipe' })
          const stdin = how === 'stdin' ? `${JSON.stringify(given)}\n` : ''
          const said = await spoken(child, stdin, signal, settings.cwd === undefined ? '' : ` in ${cwd}`)
          return outputOf(said, run.end(), origin)
        } finally {
          await endpoint.close()
        }
      })
    },
  })
}

/** The run that is played again, for a program that asks for it and tells of it. */
function playedRun(
  tap: Tap,
  input: Json,
  { recordedSettings }: PlayContext,
): { runs: Runs; end: () => RunEnd | undefined } {
  let ended: RunEnd | undefined
  const runs: Runs = {
    enter: () => ({ tap, leave: () => undefined }),
    begin: () => undefined,
    end(_, end) {
      ended = end
      return true
    },
    input: () => input,
    tools: () => recordedSettings.tools ?? [],
  }
  return { runs, end: () => ended }
}

/** A command's arguments with the input among them, or behind them. */
function withInput(words: readonly string[], input: Json): readonly string[] {
  const text = typeof input === 'string' ? input : JSON.stringify(input)
  if (text.includes('\0')) throw new Error('its input holds a zero byte, which no argument can')
  if (!words.some((word) => word.includes(inputMark))) return [...words, text]
  return words.map((word) => word.replaceAll(inputMark, () => text))
}

interface Said {
  readonly code: number | null
  readonly killed: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs a program to its end. Its whole process group goes with it, and at once where the trial is stopped. */
function spoken(child: ChildProcess, input: string, signal: AbortSignal, where: string): Promise<Said> {
  return new Promise((resolve, reject) => {
    const out = collector(mostOutput)
    const errors = collector(mostErrors)
    const stop = (): void => killGroup(child)
    signal.addEventListener('abort', stop, { once: true })
    let linger: NodeJS.Timeout | undefined
    child.stdout?.on('data', (bytes: Buffer) => {
      if (!out.add(bytes)) stop()
    })
    child.stderr?.on('data', (bytes: Buffer) => void errors.add(bytes))
    // A program need not read its input.
    child.stdin?.on('error', () => undefined).end(input)
    child.on('error', (error: NodeJS.ErrnoException) => {
      signal.removeEventListener('abort', stop)
      reject(new Error(`${child.spawnfile} cannot be started${where} (${error.code ?? error.message})`))
    })
    child.on('exit', () => (linger = setTimeout(stop, lingerMs)))
    child.on('close', (code, killed) => {
      clearTimeout(linger)
      signal.removeEventListener('abort', stop)
      stop()
      if (out.isFull()) reject(new Error(`it printed more than ${mostOutput} bytes`))
      else resolve({ code, killed, stdout: out.text(), stderr: errors.text() })
    })
  })
}

function outputOf(
  { code, killed, stdout, stderr }: Said,
  end: RunEnd | undefined,
  origin: string,
): Json | undefined {
  if (code !== 0) {
    const how = killed === null ? `exit code ${code}` : `killed by ${killed}`
    // The port is another one each time; what is said of a run is not.
    const last = stderr.replaceAll(origin, '$EVALKIT_URL').trimEnd().split('\n').at(-1)?.slice(0, 300) ?? ''
    throw new Error(last === '' ? how : `${how}: ${last}`)
  }
  if (end?.error !== undefined) throw new Error(end.error)
  if (end?.output !== undefined) return end.output
  const text = stdout.trim()
  if (text === '') return undefined
  const read = readJson(text)
  return read.ok ? (read.value as Json) : text
}
