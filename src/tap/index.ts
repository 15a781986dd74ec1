/** What an agent imports: nothing here loads SQLite, a schema or an SDK. */
export { fetch } from './fetch.ts'
export { type TappedTool, tool } from './function.ts'
