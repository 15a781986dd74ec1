import type { Trace } from '../../schema/trace.ts'

/** A file to import, read lazily: what a format does not need is never parsed, and what it walks by lines is never whole in memory. */
export interface Source {
  /** The file's base name, for places in messages; never a path. */
  readonly file: string
  /** The whole file as one JSON document, parsed once. Throws the reader's `EVK_JSON_*`. */
  document(): unknown
  /** The file as JSON lines, read anew each time. A broken line throws when it is reached, with its number. */
  lines(): Iterable<{ readonly line: number; readonly value: unknown }>
  /** The whole file as text, decoded once, for what is not JSON. Throws `EVK_FILE_EMPTY` or `EVK_FILE_BINARY`. */
  text(): string
  /** The bytes of the file, for formats that are no text. Throws `EVK_FILE_UNUSABLE` for a folder. */
  bytes(): Uint8Array
  /** The same, one piece after another, from the start each time; a piece holds until the next is asked for. */
  chunks(): Iterable<Uint8Array>
  /** The first bytes, at most 64 KiB: what tells a format that is no JSON. Throws as `bytes` does. */
  head(): Uint8Array
  /** The files it is made of, one in memory at a time: itself, those of a folder, or those that are read together. */
  files(): Iterable<Source>
  /** JSON lines where a broken one harms no other; of a folder, the lines of all its files. Read anew each time. */
  records(): Iterable<LineRecord>
}

/** One line of JSONL, or why it could not be read. `at` says where it stands: `line 12`, `a.jsonl:12` in a folder. */
export type LineRecord = { readonly at: string } & (
  | { readonly value: unknown }
  | { readonly problem: string }
)

/** What a person may ask of an import. Importers that have no use for a member ignore it. */
export interface ReadOptions {
  /** Also the runs that had not ended when the file was read. */
  readonly unfinished?: boolean
}

/**
 * What an importer finds: a trace, or something it could not take as it was. Nothing is dropped in silence:
 * `skipped` records are not in the store, `repaired` ones are, with what was done to them.
 */
export type Imported = { readonly trace: Trace } | Problem

/** What could not be taken, or not as it was. */
export interface Problem {
  readonly problem: {
    readonly action: 'skipped' | 'repaired'
    /** Where: `[12].traj[4].tool_calls[0]`. */
    readonly at: string
    readonly reason: string
  }
}

/**
 * The seam for foreign trace formats. A member is one file that says everything about itself; shared code asks
 * it and never branches on its name. Every member passes `importer.contract.ts` with its own sample.
 */
export interface Importer {
  readonly name: string
  readonly description: string
  /** What `detect` looks for, as a person would say it: printed when no format fits. */
  readonly looksFor: string
  /** Whether files that are named together are read as one: a run of this format may be spread over several. */
  readonly joins?: true
  /** Whether its traces say themselves which format they first came from. */
  readonly keepsFormat?: true
  /** Whether a file is of this format: true for its own sample, false for every other member's. Never throws. */
  detect(source: Source): boolean
  /** The runs of the file, one at a time. Throws `EVK_SCHEMA` when the file as a whole is not of this format. */
  read(source: Source, options?: ReadOptions): Iterable<Imported>
}
