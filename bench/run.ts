import { globSync } from 'node:fs'
import { basename } from 'node:path'

/**
 * `npm run bench [-- name…]`: every benchmark of this folder, one after the other, or those that are named. A first word names
 * all that begin with it: `gate` is `gate-sim` and `gate-size`.
 */
const asked = process.argv.slice(2)
const names = globSync('*.ts', { cwd: import.meta.dirname })
  .map((file) => basename(file, '.ts'))
  .filter(
    (name) =>
      name !== 'run' &&
      (asked.length === 0 || asked.some((one) => name === one || name.startsWith(`${one}-`))),
  )
  .sort()

for (const name of names) {
  console.log(`\n── ${name}`)
  const bench = (await import(`./${name}.ts`)) as { main?: () => unknown; run?: () => unknown }
  await (bench.main ?? bench.run)?.()
}
