import type { ChildProcess } from 'node:child_process'
import { readFileSync, statSync } from 'node:fs'
import { isAbsolute, join, relative } from 'node:path'
import { sha256 } from '../../lib/hash.ts'

/** What a program may need of our environment to run at all; nothing that is a secret. */
const inherited = [
  ['PATH', 'HOME', 'USER', 'SHELL', 'LANG', 'LC_ALL', 'LC_CTYPE', 'TZ', 'TMPDIR', 'TEMP', 'TMP'],
  ['SystemRoot', 'COMSPEC', 'PATHEXT', 'LD_LIBRARY_PATH', 'DYLD_LIBRARY_PATH', 'NODE_PATH', 'PYTHONPATH'],
  ['VIRTUAL_ENV', 'PYENV_ROOT', 'PYENV_VERSION', 'GEM_HOME', 'GEM_PATH', 'GOPATH', 'GOROOT', 'JAVA_HOME'],
].flat()

/** Bytes of a file that is taken for a script. */
const largestScript = 16 * 1024 * 1024

/**
 * The environment of a program whose world is a server of ours at `origin`. Ways out that programs respect lead there,
 * and it refuses; keys are none that anybody would take.
 */
export function bareEnvironment(origin: string): Record<string, string> {
  const proxies = ['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'http_proxy', 'https_proxy', 'all_proxy']
  const kept = inherited.flatMap((name) => {
    const value = process.env[name]
    return value === undefined ? [] : [[name, value] as const]
  })
  return {
    ...Object.fromEntries([...kept, ...proxies.map((name) => [name, origin] as const)]),
    NO_PROXY: '127.0.0.1,localhost,::1',
    no_proxy: '127.0.0.1,localhost,::1',
    ANTHROPIC_API_KEY: 'recorded',
    OPENAI_API_KEY: 'recorded',
  }
}

/** The files of its own that a command line names, each with its hash. An interpreter is none of them. */
export function scriptsIn(words: readonly string[], cwd: string): Record<string, string> {
  const found: Record<string, string> = {}
  for (const word of words) {
    const path = isAbsolute(word) ? word : join(cwd, word)
    if (isAbsolute(word) && relative(cwd, word).startsWith('..')) continue
    if (isScript(path)) found[word] = sha256(readFileSync(path))
  }
  return found
}

function isScript(path: string): boolean {
  try {
    const stat = statSync(path)
    return stat.isFile() && stat.size <= largestScript
  } catch {
    // Most words name no file, and some could not be the name of one.
    return false
  }
}

/** Ends a program that was started in a process group of its own, with everything it started. */
export function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return
  try {
    process.kill(-child.pid, 'SIGKILL')
  } catch {
    // Nobody of it is left; or this system has no groups, and only the program itself can be ended.
    child.kill('SIGKILL')
  }
}

/** Keeps the bytes a program prints, up to `most` and a piece. */
export function collector(most: number): {
  add(bytes: Buffer): boolean
  text(): string
  isFull(): boolean
} {
  const pieces: Buffer[] = []
  let size = 0
  return {
    add(bytes) {
      if (size <= most) pieces.push(bytes)
      size += bytes.length
      return size <= most
    },
    text: () => Buffer.concat(pieces).toString('utf8'),
    isFull: () => size > most,
  }
}
