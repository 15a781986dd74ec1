import type { Problem } from '../capture/importers/importer.ts'

/** A problem of an import, and its file. */
export type FileProblem = Problem['problem'] & { readonly file: string }

type Action = FileProblem['action']

/** What an import could not take, or not as it was: all of it counted, and of each kind the first. */
export interface NotedProblems {
  readonly add: (problem: FileProblem) => void
  readonly count: (action: Action) => number
  readonly kept: (action: Action) => readonly FileProblem[]
}

/** A file may be nothing but broken lines: a hundred million of them. */
export const mostKept = 10_000

export function notedProblems(): NotedProblems {
  const counts = { skipped: 0, repaired: 0 }
  const kept = { skipped: [] as FileProblem[], repaired: [] as FileProblem[] }
  return {
    add(problem) {
      if (++counts[problem.action] <= mostKept) kept[problem.action].push(problem)
    },
    count: (action) => counts[action],
    kept: (action) => kept[action],
  }
}
