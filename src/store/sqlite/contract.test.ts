import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import { describeStore } from '../store.contract.ts'
import { openSqliteStore } from './open.ts'

const folder = mkdtempSync(join(tmpdir(), 'evalkit-store-'))
let stores = 0
afterAll(() => rmSync(folder, { recursive: true }))

describeStore('sqlite', () => openSqliteStore(join(folder, `${stores++}.db`)))
