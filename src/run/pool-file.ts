import { existsSync, readFileSync, statSync } from 'node:fs'
import { fileError } from '../dataset/file-error.ts'
import { writeWhole } from '../dataset/write-whole.ts'
import { brokenPool } from '../gate/pool.ts'
import { byCodeUnit } from '../lib/json.ts'
import { flatJson } from '../lib/pretty-json.ts'
import { inertJson } from '../lib/text.ts'
import { EvalkitError } from '../schema/errors.ts'
import { type Pool, pool } from '../schema/pool.ts'
import { jsonFrom, recordFrom, textFrom } from '../schema/read.ts'

/** Bytes. Twenty runs of ten thousand cases are less. */
const largest = 128 * 1024 * 1024

/**
 * A pool of base-branch runs; `undefined` where there is no file. It comes out of an artifact, so nothing in it is taken on
 * trust: throws `EVK_POOL_CORRUPT` for what no pool of ours holds, `EVK_VERSION_NEWER`, `EVK_FILE_UNUSABLE`.
 */
export function readPool(path: string, shownAs: string): Pool | undefined {
  if (!existsSync(path)) return undefined
  const at = { file: shownAs }
  let bytes: Uint8Array
  try {
    if (statSync(path).size > largest) throw corrupt('The pool has more than 128 MiB.', shownAs)
    bytes = readFileSync(path)
  } catch (error) {
    throw EvalkitError.is(error) ? error : fileError(error, shownAs)
  }
  let read: Pool
  try {
    read = recordFrom(pool, jsonFrom(textFrom(bytes, at), at), at, 'pool', 'EVK_POOL_CORRUPT')
  } catch (error) {
    if (!EvalkitError.is(error) || error.code === 'EVK_VERSION_NEWER' || error.code === 'EVK_POOL_CORRUPT')
      throw error
    throw corrupt(error.message, shownAs, error)
  }
  const broken = brokenPool(read)
  if (broken !== undefined) throw corrupt(`This is no pool: ${broken}.`, shownAs)
  return read
}

/** Writes a pool whole, one case a line. Throws `EVK_DISK_FULL`, `EVK_FILE_UNUSABLE`. */
export function writePool(path: string, { v, eval: of, baseline, runs }: Pool): void {
  const texts = runs.map(({ cases, ...head }) => {
    const members = Object.entries(head)
      .toSorted(([a], [b]) => byCodeUnit(a, b))
      .map(([key, value]) => `    ${JSON.stringify(key)}: ${flatJson(value)},`)
    const lines = cases.toSorted((a, b) => byCodeUnit(a.case, b.case)).map((one) => `      ${flatJson(one)}`)
    return ['  {', ...members, '    "cases": [', lines.join(',\n'), '    ]', '  }'].join('\n')
  })
  const head = `{ "v": ${v}, "eval": ${flatJson(of)}, "baseline": ${flatJson(baseline)}, "runs": [`
  writeWhole(path, inertJson(`${head}\n${texts.join(',\n')}\n] }\n`))
}

function corrupt(what: string, file: string, cause?: unknown): EvalkitError {
  return new EvalkitError('EVK_POOL_CORRUPT', what, {
    at: { file },
    ...(cause === undefined ? {} : { cause }),
  })
}
