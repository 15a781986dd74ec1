export { memoryStore } from './memory.ts'
export { openSqliteStore, type SqliteOptions } from './sqlite/open.ts'
export type { Store } from './store.ts'
export { parseWhere } from './where.ts'
