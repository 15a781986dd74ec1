import { plain } from '../lib/text.ts'
import { EvalkitError, placeOf } from '../schema/errors.ts'
import { type Io, outJson } from './io.ts'

/**
 * Says what went wrong and gives the exit code. What we know has its code, place, details and hint, and never a
 * stack; what we do not know is a bug of ours, and is shown whole.
 */
export function printError(error: unknown, io: Pick<Io, 'err' | 'out'>, json: boolean): number {
  if (!EvalkitError.is(error)) {
    const stack = error instanceof Error ? (error.stack ?? error.message) : String(error)
    io.err(`This is a bug in evalkit, please report it:\n${plain(stack)}\n`)
    if (json) outJson(io, { error: { code: 'EVK_BUG', message: plain(String(error)) } })
    return 4
  }
  const { code, message, hint, at, details, exit } = error
  const place = placeOf(at)
  const lines = [
    `${code}  ${message}`,
    ...(place === '' ? [] : [`  where     ${place}`]),
    ...details.map((detail, index) => `  ${index === 0 ? 'details ' : '        '}  ${detail}`),
    `  hint      ${hint}`,
  ]
  io.err(`${lines.map(plain).join('\n')}\n`)
  if (json) outJson(io, { error: { code, message, hint, at, details } })
  return exit
}
