import { csv } from './csv.ts'
import { jsonl } from './jsonl.ts'
import { yaml } from './yaml.ts'

/** The formats a dataset can be written in: name and member, one line each. */
export const formats = { jsonl, yaml, csv } as const

export type FormatName = keyof typeof formats
