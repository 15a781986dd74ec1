import { spawnSync } from 'node:child_process'
import type { Io } from './io.ts'

/** Who does it: as git would sign it, else as the machine calls the user, else `unknown`. */
export function personOf({ env, cwd }: Pick<Io, 'env' | 'cwd'>): string {
  const named = [env.GIT_AUTHOR_NAME, gitName(cwd), env.USER, env.USERNAME]
  return named.find((name) => name !== undefined && name.trim() !== '')?.trim() ?? 'unknown'
}

/** The name git has, if there is a git and it has one: nothing we do needs either. */
function gitName(cwd: string): string | undefined {
  const { status, stdout } = spawnSync('git', ['config', 'user.name'], { cwd, encoding: 'utf8' })
  return status === 0 ? stdout : undefined
}
