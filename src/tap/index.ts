/** What an agent imports: nothing here loads SQLite, a schema or an SDK. */
export { fetch } from './fetch.ts'
export { type NamedTool, type TappedTool, tool } from './function.ts'
