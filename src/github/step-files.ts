import { appendFileSync, statSync } from 'node:fs'

/** What became of text for a file that GitHub reads after the step. Where it was not written, `why` is a sentence. */
export type Appended = { readonly written: true } | { readonly written: false; readonly why: string }

/** GitHub shows nothing of a summary with more: 1 MiB a step, in bytes. */
export const mostSummaryBytes = 1024 * 1024

/**
 * Adds Markdown to the summary of this step (`GITHUB_STEP_SUMMARY`). What would make it larger than GitHub shows is not
 * written: what stands there already would be lost with it. Never throws.
 */
export function appendSummary(path: string | undefined, markdown: string): Appended {
  if (path === undefined || path === '') return { written: false, why: 'GITHUB_STEP_SUMMARY is not set' }
  const text = markdown.endsWith('\n') ? `${markdown}\n` : `${markdown}\n\n`
  if (summarySize(path) + Buffer.byteLength(text) > mostSummaryBytes) {
    return {
      written: false,
      why: 'the summary of this step would be larger than the 1 MiB that GitHub shows',
    }
  }
  return append(path, text)
}

/** What still goes into the summary of this step, in bytes. */
export function summaryRoom(path: string | undefined): number {
  return path === undefined ? 0 : Math.max(0, mostSummaryBytes - summarySize(path) - 2)
}

/**
 * Sets outputs of this step (`GITHUB_OUTPUT`). Values may hold anything, also lines that look like outputs: each stands
 * between delimiters made of `token`, which nobody can guess. Never throws for the file; throws a `RangeError` for a name that
 * is none, or a value that knows the token, because then somebody leaked it.
 */
export function setOutputs(
  path: string | undefined,
  values: Readonly<Record<string, string>>,
  token: string,
): Appended {
  const text = outputsText(values, token)
  if (path === undefined || path === '') return { written: false, why: 'GITHUB_OUTPUT is not set' }
  return append(path, text)
}

/** https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands#multiline-strings */
export function outputsText(values: Readonly<Record<string, string>>, token: string): string {
  const delimiter = `evalkit_${token}`
  return Object.entries(values)
    .map(([name, value]) => {
      if (!/^[a-z][a-z0-9-]*$/.test(name)) throw new RangeError(`"${name}" is no name of an output`)
      if (value.includes(delimiter)) throw new RangeError('an output holds its own delimiter')
      return `${name}<<${delimiter}\n${value}\n${delimiter}\n`
    })
    .join('')
}

/**
 * Lines between which a log commands nothing: the runner obeys only the token, which nobody can guess
 * (https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands#stopping-and-starting-workflow-commands).
 */
export function fence(token: string): { readonly open: string; readonly close: string } {
  return { open: `::stop-commands::${token}\n`, close: `::${token}::\n` }
}

function summarySize(path: string): number {
  try {
    return statSync(path).size
  } catch {
    // What cannot be looked at will say so when it is written.
    return 0
  }
}

function append(path: string, text: string): Appended {
  try {
    appendFileSync(path, text)
    return { written: true }
  } catch (error) {
    return {
      written: false,
      why: `the file cannot be written: ${error instanceof Error ? error.message : ''}`,
    }
  }
}
