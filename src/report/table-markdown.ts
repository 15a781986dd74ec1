/** A table in GitHub-flavoured Markdown; cells are inert already. `keep` says which columns stay. */
export function tableOf(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  keep?: readonly boolean[],
): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.filter((_, at) => keep?.[at] !== false).join(' | ')} |`
  return [line(head), line(head.map((_, at) => (at === 0 ? ':--' : '--:'))), ...rows.map(line)].join('\n')
}
