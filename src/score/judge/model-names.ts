/**
 * Why a model's name does not stand for one model for good, as a clause; `undefined` where it does, or where nothing is
 * known of it. A judge under such a name may be another one tomorrow, with all its calibration.
 *
 * OpenAI dates its snapshots, and a name without a date moves (https://platform.openai.com/docs/models). Of Anthropic's,
 * names without a date move for models before 4.6; from then on the name is the snapshot
 * (https://platform.claude.com/docs/en/about-claude/models/model-ids-and-versions).
 */
export function aliasOf(model: string): string | undefined {
  const name = bareName(model)
  if (/(?:^|[-:])latest$/.test(name)) return `"${model}" means whatever is latest`
  if (hasDate(name)) return undefined
  if (/^(?:gpt-|chatgpt-|o\d)/.test(name) && !name.startsWith('gpt-oss')) {
    return `"${model}" has no date, and OpenAI moves such names to newer models`
  }
  if (name.startsWith('claude') && !isPinnedClaude(name)) {
    return `"${model}" has no date, and Anthropic moves such names to newer models`
  }
  return undefined
}

/**
 * Whose model it is, by its name, wherever it runs: models of one family like what they themselves would have said.
 * `undefined` where the name does not tell.
 */
export function familyOf(model: string): string | undefined {
  const name = bareName(model)
  return families.find(({ like }) => like.test(name))?.family
}

const families: readonly { readonly family: string; readonly like: RegExp }[] = [
  { family: 'claude', like: /^claude/ },
  { family: 'gpt', like: /^(?:gpt|chatgpt|o\d(?:$|-)|davinci|codex)/ },
  { family: 'gemini', like: /^(?:gemini|gemma|palm)/ },
  { family: 'llama', like: /^(?:meta-)?llama/ },
  { family: 'mistral', like: /^(?:open-)?(?:mistral|mixtral|ministral|magistral|codestral|devstral)/ },
  { family: 'qwen', like: /^(?:qwen|qwq)/ },
  { family: 'deepseek', like: /^deepseek/ },
  { family: 'grok', like: /^grok/ },
  { family: 'command', like: /^(?:command|c4ai)/ },
  { family: 'phi', like: /^phi-?\d/ },
  { family: 'nova', like: /^nova/ },
  { family: 'glm', like: /^(?:chat)?glm/ },
  { family: 'kimi', like: /^(?:kimi|moonshot)/ },
]

/** Without the prefixes of gateways and clouds: `azure/`, `us.anthropic.`, `models/`, `ft:`. */
function bareName(model: string): string {
  const last = model.trim().toLowerCase().slice(0, 300).split('/').at(-1) ?? ''
  return last
    .replace(/^ft:/, '')
    .replace(/^(?:[a-z-]+\.)*(?:anthropic|meta|mistral|amazon|cohere|deepseek|qwen)\./, '')
}

/** `-20250929`, `@20250929`, `-2024-11-20`, and the older `-0613` of OpenAI. */
function hasDate(name: string): boolean {
  return (
    /[-@]20\d{6}(?!\d)/.test(name) ||
    /[-@]20\d\d-\d\d-\d\d(?!\d)/.test(name) ||
    /^gpt-(?:3\.5|4)[a-z-]*-\d{4}(?:-|$)/.test(name)
  )
}

function isPinnedClaude(name: string): boolean {
  const version = /^claude-[a-z]+-(\d{1,2})(?:-(\d{1,2}))?(?:-v\d+)?(?::\d+)?$/.exec(name)
  if (version === null) return false
  const [major, minor] = [Number(version[1]), Number(version[2] ?? 0)]
  return major > 4 || (major === 4 && minor >= 6)
}
