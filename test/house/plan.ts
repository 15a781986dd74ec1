/**
 * The plan of the house: which room is on which floor (ARCHITECTURE.md draws it), where lists of members are, and
 * what is allowed although the rules say otherwise, each with its reason.
 */

/** From the ground up. A file imports its own room and lower floors; rooms of one floor do not know each other. */
export const floors: readonly (readonly string[])[] = [
  ['lib'],
  ['schema'],
  ['tap', 'store', 'dataset', 'gate', 'report', 'view', 'github'],
  ['capture', 'replay', 'score'],
  ['run', 'collect'],
  ['config'],
  ['cli', 'index.ts'],
]

/** Downward, and still not allowed. */
export const walls: readonly { readonly from: string; readonly to: string; readonly why: string }[] = [
  {
    from: 'capture',
    to: 'store',
    why: 'agents in production import capture, and must not load SQLite with it',
  },
]

/**
 * Folders whose members stand in a list, because they are asked for by name. `member` is how a file shows that it is
 * one. (Targets are handed over as values, so they have no list.)
 */
export const registries: readonly {
  readonly folder: string
  readonly index: string
  readonly member: RegExp
}[] = [
  { folder: 'src/tap/wire', index: 'src/tap/wire/index.ts', member: seamType('Wire') },
  { folder: 'src/capture/importers', index: 'src/capture/importers/index.ts', member: seamType('Importer') },
  {
    folder: 'src/capture/otlp/dialects',
    index: 'src/capture/otlp/dialects/index.ts',
    member: seamType('Dialect'),
  },
  {
    folder: 'src/score/checks',
    index: 'src/score/checks/index.ts',
    member: /^export const .*\bdefineCheck\(/m,
  },
  {
    folder: 'src/score/judge/members',
    index: 'src/score/judge/index.ts',
    member: /^export const .*\bdefineJudge\(/m,
  },
  {
    folder: 'src/score/judge/models',
    index: 'src/score/judge/models/index.ts',
    member: seamType('JudgeProvider'),
  },
  { folder: 'src/replay/faults/kinds', index: 'src/replay/faults/kinds/index.ts', member: seamType('Fault') },
  {
    folder: 'src/replay/users',
    index: 'src/replay/users/index.ts',
    member: /^export function \w+\([^)]*\): UserKind \{/m,
  },
  { folder: 'src/dataset/formats', index: 'src/dataset/formats/index.ts', member: seamType('DatasetFormat') },
  {
    folder: 'src/dataset/importers',
    index: 'src/dataset/importers/index.ts',
    member: seamType('DatasetImporter'),
  },
  { folder: 'src/report', index: 'src/report/index.ts', member: seamType('Reporter') },
  { folder: 'src/cli/commands', index: 'src/cli/main.ts', member: /^export (const|(async )?function) /m },
]

function seamType(name: string): RegExp {
  return new RegExp(`^export const \\w+(: ${name}\\b|[^]*\\bsatisfies ${name}\\b)`, 'm')
}

/** Reads of the world below cli/ that cannot come in from the top. */
export const ambientAllowed: readonly {
  readonly file: string
  readonly what: readonly string[]
  readonly why: string
}[] = [
  {
    file: 'src/capture/process.ts',
    what: [
      'randomBytes',
      'process',
      'process.cwd',
      'process.argv',
      'process.env',
      'process.stderr',
      'performance.timeOrigin',
      'performance.now',
    ],
    why: 'in production nobody stands above capture to hand it clock, chance and environment',
  },
  {
    file: 'src/replay/targets/program.ts',
    what: ['process.env'],
    why: 'a program is found on PATH, and an eval file, which nobody hands an environment to, makes the target',
  },
  {
    file: 'src/replay/targets/http.ts',
    what: ['randomBytes'],
    why: 'a service may still ask with the id of a trial of an earlier process: ids must never come again, also not in a replay whose randomness is seeded',
  },
  {
    file: 'src/replay/world/real.ts',
    what: ['Date.now', 'performance.now'],
    why: 'what stands in for the clock passes through to the real one, and paces a trial by it while something real is under way',
  },
  {
    file: 'src/replay/world/child-guard.ts',
    what: ['process.env'],
    why: 'loaded into a process of a replayed program, where nobody stands above it',
  },
  {
    file: 'src/replay/world/random.test.ts',
    what: ['Math.random'],
    why: 'it is what is tested: seeded in a trial, the process’s own outside of it',
  },
]

export const maxLines = 400
export const maxTestLines = 600
