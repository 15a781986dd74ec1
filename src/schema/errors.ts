/**
 * The catalogue of everything that can go wrong in a way we know. Codes are permanent; `exit` is what the CLI
 * leaves with (2 usage or configuration, 3 nothing to judge, 4 infrastructure); `hint` is what helps most people.
 */
export const catalogue = {
  EVK_USAGE: { exit: 2, hint: 'evalkit --help lists the commands.' },
  EVK_NODE_TOO_OLD: { exit: 2, hint: 'Install Node 22.14 or newer.' },
  EVK_FILE_NOT_FOUND: { exit: 2, hint: 'Check the path.' },
  EVK_FILE_EMPTY: { exit: 2, hint: 'Check that the file was written completely.' },
  EVK_FILE_BINARY: { exit: 2, hint: 'evalkit reads UTF-8 text; unpack or convert the file first.' },
  EVK_FILE_TOO_LARGE: { exit: 2, hint: 'Split the file.' },
  EVK_FILE_UNUSABLE: { exit: 2, hint: 'Check what the path names, and its permissions.' },
  EVK_PATH_OUTSIDE: { exit: 2, hint: 'Names in files never lead out of their folder.' },
  EVK_LINE_TOO_LONG: { exit: 2, hint: 'A JSONL file holds one record a line; is this one JSON document?' },
  EVK_JSON_SYNTAX: { exit: 2, hint: 'Check that the file was written completely.' },
  EVK_JSON_TOO_DEEP: {
    exit: 2,
    hint: 'Nothing an agent says nests that deeply; is the file what you think?',
  },
  EVK_JSON_FORBIDDEN_KEY: { exit: 2, hint: 'Keys such as "__proto__" are refused wherever they come from.' },
  EVK_YAML_SYNTAX: { exit: 2, hint: 'Check that the file was written completely.' },
  EVK_YAML_REFUSED: { exit: 2, hint: 'evalkit reads YAML that is plain data.' },
  EVK_CSV_SYNTAX: {
    exit: 2,
    hint: 'Rows have the fields of the header, quoted as RFC 4180 says: docs/datasets.md.',
  },
  EVK_SCHEMA: { exit: 2, hint: 'Compare with docs/files.md.' },
  EVK_VERSION_NEWER: { exit: 2, hint: 'The file was written by a newer evalkit: update this one.' },
  EVK_FORMAT_UNKNOWN: { exit: 2, hint: 'Name the format with --format.' },
  EVK_DATASET_NOT_FOUND: { exit: 2, hint: 'evalkit promote writes a dataset.' },
  EVK_DATASET_AMBIGUOUS: { exit: 2, hint: 'Keep one of them.' },
  EVK_DATASET_EMPTY: { exit: 3, hint: 'A run without cases proves nothing.' },
  EVK_DATASET_DUPLICATE_ID: { exit: 2, hint: 'Give each case an id of its own.' },
  EVK_CASE_NOT_FOUND: { exit: 3, hint: 'evalkit run without --case and --tag runs all.' },
  EVK_FIXTURE_MISSING: { exit: 2, hint: 'Promote a trace of this case, or restore the file.' },
  EVK_FIXTURE_CORRUPT: { exit: 2, hint: 'Restore the file from version control.' },
  EVK_FIXTURE_MISS: {
    exit: 4,
    hint: 'Wrong call? Fix the code. New behaviour? Record it: promote a new trace of this case.',
  },
  EVK_FIXTURE_TRIALS: { exit: 2, hint: 'Ask for fewer trials, or promote more traces of the case.' },
  EVK_FAULT_INVALID: {
    exit: 2,
    hint: 'A fault is written as "search@2: 503 x2"; docs/faults.md lists them.',
  },
  EVK_FORK_INVALID: {
    exit: 2,
    hint: "A fork is --from <step> --set 'steps[<n>].result.<path>=<JSON>': docs/what-if.md.",
  },
  EVK_FORK_PREFIX: {
    exit: 3,
    hint: 'A fork begins with the recorded steps as they were: replay the trace as it stands first.',
  },
  EVK_HUMAN_INVALID: {
    exit: 2,
    hint: 'Written as deny@1, approve, edit@2=<JSON>, timeout@1: docs/what-if.md.',
  },
  EVK_HUMAN_SHAPE: { exit: 2, hint: "Say what the person answers instead: --human 'edit@<n>=<JSON>'." },
  EVK_STORE_OPEN: { exit: 4, hint: 'Check the path and its permissions, or name another with --store.' },
  EVK_STORE_NEWER: { exit: 4, hint: 'The store was written by a newer evalkit: update this one.' },
  EVK_STORE_CORRUPT: { exit: 4, hint: 'Restore the file, or start a new store with --store.' },
  EVK_INBOX_BUSY: { exit: 4, hint: 'Stop the other collector, or name another folder with --inbox.' },
  EVK_STORE_BUSY: {
    exit: 4,
    hint: 'Another process holds the store; wait for it or name another with --store.',
  },
  EVK_DISK_FULL: { exit: 4, hint: 'Make room and run again; what was committed is kept.' },
  EVK_TRACE_NOT_FOUND: { exit: 2, hint: 'evalkit trace list shows what is there.' },
  EVK_TRACE_AMBIGUOUS: { exit: 2, hint: 'Give more characters of the id.' },
  EVK_DIFF_NOT_FOUND: { exit: 2, hint: 'evalkit trace list shows the traces, evalkit stats the runs.' },
  EVK_TRACE_UNREPLAYABLE: { exit: 2, hint: 'evalkit trace show prints what was recorded.' },
  EVK_TRACE_TOO_LONG: {
    exit: 2,
    hint: 'evalkit trace show prints it as text, evalkit trace export writes it with what repeats left out.',
  },
  EVK_TRACE_TASKLESS: { exit: 2, hint: 'Name the case with --case.' },
  EVK_RUN_INPUT_CHANGED: { exit: 3, hint: 'A run stands on one state of its files: run it again.' },
  EVK_RUN_NOT_FOUND: { exit: 2, hint: 'evalkit stats lists the runs of the store.' },
  EVK_RUN_UNFINISHED: { exit: 3, hint: 'evalkit run --resume finishes it.' },
  EVK_RUN_INTERRUPTED: { exit: 4, hint: 'evalkit run --resume plays what is left.' },
  EVK_SHARD_CORRUPT: { exit: 2, hint: 'Play that shard again: evalkit run --shard writes its file whole.' },
  EVK_SHARD_MISSING: {
    exit: 3,
    hint: 'Look at the job of that shard: it writes its file when it has played to the end.',
  },
  EVK_SHARD_MIXED: { exit: 3, hint: 'Shards of one run are played of one commit, with the same flags.' },
  EVK_SHARD_OUTDATED: {
    exit: 3,
    hint: 'Shards are merged where they were played: the same commit, and the same rules.',
  },
  EVK_SHARD_TWICE: { exit: 3, hint: 'Merge one file of each shard.' },
  EVK_EVAL_NOT_FOUND: { exit: 2, hint: 'Evals are files named evals/<name>.eval.ts.' },
  EVK_EVAL_LOAD: { exit: 2, hint: 'The file must load by itself: run it with node to see the error.' },
  EVK_EVAL_INVALID: { exit: 2, hint: 'An eval file exports defineEval({ … }) as its default.' },
  EVK_TARGET_UNREACHABLE: {
    exit: 4,
    hint: 'Start the service first, or say how in its target: start: { command: […] }.',
  },
  EVK_CONFIG_INVALID: { exit: 2, hint: 'Compare with docs/config.md.' },
  EVK_CHECK_INVALID: { exit: 2, hint: 'Checks are built from evalkit/checks, or are plain functions.' },
  EVK_JUDGE_ALIAS: { exit: 2, hint: 'Name the model by its dated name: docs/judges.md, "Models".' },
  EVK_JUDGEMENTS_CONFLICT: {
    exit: 2,
    hint: 'Keep one of the lines: a judge said one thing of one outcome.',
  },
  EVK_JUDGE_SDK: { exit: 2, hint: 'npm install --save-dev @anthropic-ai/sdk openai' },
  EVK_BASELINE_MISSING: { exit: 3, hint: 'evalkit baseline accept --run <name> --reason "…"' },
  EVK_BASELINE_CORRUPT: { exit: 2, hint: 'Restore the file from version control.' },
  EVK_BASELINE_IN_CI: {
    exit: 2,
    hint: 'A baseline is accepted by a person, at the desk, in a reviewed commit.',
  },
  EVK_POOL_CORRUPT: { exit: 2, hint: 'Delete the pool: without it the gate knows less, and says so.' },
  EVK_POOL_IN_PULL_REQUEST: {
    exit: 2,
    hint: 'Pool runs of the base branch: after a push to it, or each night.',
  },
  EVK_CALIBRATION_IN_CI: {
    exit: 2,
    hint: 'A calibration is accepted by a person, at the desk, in a reviewed commit.',
  },
  EVK_JUDGE_NOT_FOUND: { exit: 2, hint: 'evalkit judge list shows the judges of all evals.' },
  EVK_NOTHING_TO_LABEL: { exit: 3, hint: 'evalkit run plays the eval; what it produces can be labelled.' },
  EVK_LABELS_TOO_FEW: { exit: 3, hint: 'evalkit label <eval> adds labels.' },
  EVK_REPORT_MISSING: {
    exit: 3,
    hint: 'evalkit ci --report <folder> leaves one for each eval; the log of the run says why there is none.',
  },
  EVK_GITHUB_EVENT: { exit: 4, hint: 'Look at GITHUB_EVENT_PATH; docs/github.md says what is read of it.' },
  EVK_GITHUB_SDK: { exit: 2, hint: 'npm install --save-dev @octokit/rest' },
  EVK_INIT_CONFLICT: { exit: 2, hint: 'Rename or move that file: evalkit init overwrites nothing.' },
  EVK_KEY_MISSING: { exit: 2, hint: 'Set the variable, or replay without --llm: that needs no key.' },
  EVK_PRICE_UNKNOWN: { exit: 2, hint: 'Say what the model costs: config key "prices", docs/live.md.' },
  EVK_SPEND_CAP: { exit: 4, hint: 'What was finished is kept. Raise the cap to go on.' },
  EVK_PROVIDER_DOWN: { exit: 4, hint: 'The provider is at fault, not the agent: run again when it answers.' },
  EVK_PROVIDER_REFUSED: {
    exit: 4,
    hint: 'Check the key, the name of the model, and what the provider says.',
  },
  EVK_AGENT_LIMIT: { exit: 1, hint: 'The agent reached a limit its eval sets.' },
  EVK_AGENT_THREW: { exit: 1, hint: 'The agent itself failed.' },
  EVK_TOOLS_INVALID: { exit: 2, hint: 'Mend evals/tools.json: docs/tools.md says what it takes.' },
  EVK_MCP_FAILED: { exit: 4, hint: 'Start the server by hand and look at what it says.' },
  EVK_TOOL_UNTAPPED: {
    exit: 1,
    hint: 'Put the tool behind the tap: evalkit.tool(definition, fn), or EVALKIT_TOOL_URL in other languages.',
  },
  EVK_ESCAPE: {
    exit: 4,
    hint: 'What the agent asks of the world goes through evalkit.fetch or evalkit.tool: docs/replay.md, "The guard".',
  },
  EVK_USER_SILENT: {
    exit: 4,
    hint: 'The model that plays the user said nothing: try another, or another persona.',
  },
  EVK_LIVE_FAILED: { exit: 4, hint: 'The model could not be asked: the message says why.' },
  EVK_BUG: { exit: 4, hint: 'This is a bug in evalkit: please report it, with the whole text.' },
} as const satisfies Record<string, { exit: 1 | 2 | 3 | 4; hint: string }>

export type ErrorCode = keyof typeof catalogue

/** Where it happened, as far as it is known. */
export interface ErrorPlace {
  readonly file?: string
  readonly line?: number
  readonly case?: string
  readonly span?: string
  /** A path inside the record: `cases[3].expected`. */
  readonly path?: string
}

export interface ErrorOptions {
  readonly at?: ErrorPlace
  /** Overrides the catalogue's hint where the place knows better. */
  readonly hint?: string
  /** More lines that help: the nearest right thing, what was expected and what came. */
  readonly details?: readonly string[]
  readonly cause?: unknown
}

const brand = Symbol.for('evalkit.error')

/**
 * A failure we know. Only `cli/` prints it and turns `exit` into an exit code; everything else throws it on.
 * Recognise it with `EvalkitError.is`, which also holds for another copy of the package.
 */
export class EvalkitError extends Error {
  readonly code: ErrorCode
  readonly exit: number
  readonly hint: string
  readonly at: ErrorPlace
  readonly details: readonly string[]
  readonly [brand] = true

  constructor(code: ErrorCode, what: string, options: ErrorOptions = {}) {
    super(what, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'EvalkitError'
    this.code = code
    this.exit = catalogue[code].exit
    this.hint = options.hint ?? catalogue[code].hint
    this.at = options.at ?? {}
    this.details = options.details ?? []
  }

  static is(value: unknown): value is EvalkitError {
    return typeof value === 'object' && value !== null && brand in value
  }
}

/** `datasets/a.jsonl:12`, `case "refund-42"`, … joined as a person would say it; empty where nothing is known. */
export function placeOf(at: ErrorPlace): string {
  const file = at.file === undefined ? undefined : at.line === undefined ? at.file : `${at.file}:${at.line}`
  return [
    file,
    at.path === undefined ? undefined : `at ${at.path}`,
    at.case === undefined ? undefined : `case "${at.case}"`,
    at.span === undefined ? undefined : `span ${at.span}`,
  ]
    .filter((part) => part !== undefined)
    .join(', ')
}
