import { writeSync } from 'node:fs'
import { openSqliteStore } from '../sqlite/open.ts'

/**
 * A process to be killed: removes every second trace of the store named by its first argument, and says on stdout when a
 * hundred of them are gone.
 */
const store = await openSqliteStore(process.argv[2] ?? '')
const ids: string[] = []
for await (const { id } of store.weighTraces()) if (Number(id.slice(2)) % 2 === 0) ids.push(id)
await store.removeTraces(ids.slice(0, 100))
writeSync(1, 'begins\n')
await store.removeTraces(ids.slice(100))
await store.close()
