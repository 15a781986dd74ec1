import type { Json } from '../../schema/json.ts'

type Vars = { readonly [name: string]: Json }

/** Cases that one test may become. */
const mostCombinations = 1000

/**
 * A test whose variable is a list stands for one test for each item, and for each combination where there are several
 * lists (promptfoo, "Var expansion"). What names another file is refused: what it holds is not known here.
 */
export function combinations(
  vars: Readonly<Record<string, unknown>>,
  asTheyAre: boolean,
): { readonly vars: readonly Vars[] } | { readonly refused: string } {
  let made: Vars[] = [{}]
  for (const [name, value] of Object.entries(vars)) {
    const items = (Array.isArray(value) && !asTheyAre ? value : [value]) as readonly Json[]
    if (items.some(namesFile)) {
      return {
        refused: `its variable "${name.slice(0, 60)}" stands in another file: put the text itself there`,
      }
    }
    if (made.length * items.length > mostCombinations) {
      return { refused: `its lists combine to more than ${mostCombinations} tests` }
    }
    made = made.flatMap((before) => items.map((item) => ({ ...before, [name]: item })))
  }
  return { vars: made }
}

function namesFile(value: Json): boolean {
  return typeof value === 'string' && value.startsWith('file://')
}

/**
 * A text with `{{ name }}` filled in from the variables; nothing where it asks for more of its template language
 * (Nunjucks), which is not run.
 */
export function fillIn(text: string, vars: Vars): string | undefined {
  if (!/\{\{|\{%|\{#/.test(text)) return text
  let whole = true
  const filled = text.replace(/\{\{\s{0,20}([\w.-]{1,100})\s{0,20}\}\}/g, (_, name: string) => {
    const value = Object.hasOwn(vars, name) ? vars[name] : undefined
    if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
      return String(value)
    whole = false
    return ''
  })
  // What a variable brought in is text, and no template.
  const rest = text.replace(/\{\{\s{0,20}[\w.-]{1,100}\s{0,20}\}\}/g, '')
  return whole && !/\{\{|\{%|\{#/.test(rest) ? filled : undefined
}
