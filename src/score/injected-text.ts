import { plain } from '../lib/text.ts'
import type { Json } from '../schema/json.ts'

/** A piece of a tool's result that speaks to the model as if somebody asked it something. */
export interface InjectedText {
  /** What gave it away: `tag`, `override`, `address`, `order`, `secrecy`, `marker`. */
  readonly sign: string
  /** The piece, on one line. */
  readonly text: string
}

/** UTF-16 units of a text that are looked at. */
export const longestSearched = 1_000_000
/** Texts of one result that are looked at. */
const mostTexts = 2_000
/** How much of the text belongs to a sign: an instruction goes on behind it, and sometimes begins before it. */
const before = 120
const behind = 800
/** A tag that is closed holds what stands in it, if it closes within this. */
const longestTag = 4_000

/**
 * Text as signs and arguments are looked for in it: on one line, line breaks that were escaped once more (`\n` of a
 * program's `repr`) and quotes doubled by YAML undone, characters nobody sees taken out. ASCII that is smuggled in as
 * Unicode tags, which models read and people do not, is written out.
 */
export function flatText(text: string): string {
  const visible = text
    .slice(0, longestSearched)
    .replace(/[\u{e0020}-\u{e007e}]/gu, (tag) => String.fromCodePoint((tag.codePointAt(0) ?? 0) - 0xe_00_00))
  return plain(visible)
    .replace(/\\{1,4}[nrt]/g, ' ')
    .replace(/\\{0,4}'{1,2}/g, "'")
    .replace(/\s+/g, ' ')
}

/** All texts of a value: its strings, and the names of its members. */
export function textsIn(value: Json): readonly string[] {
  const texts: string[] = []
  const open: Json[] = [value]
  while (open.length > 0 && texts.length < mostTexts) {
    const one = open.pop()
    if (typeof one === 'string') texts.push(one)
    else if (Array.isArray(one)) open.push(...(one as readonly Json[]).toReversed())
    else if (typeof one === 'object' && one !== null) {
      for (const [name, member] of Object.entries(one).toReversed()) open.push(member as Json, name)
    }
  }
  return texts
}

/**
 * Splits a text into the pieces that look like instructions to a model, and all else. A rule of thumb over wordings
 * that attacks use (the attacks of AgentDojo and InjecAgent, delimiters of chat templates, "ignore previous
 * instructions" in some languages). `markers` are further texts that give an instruction away, in any case.
 */
export function splitInjected(
  text: string,
  markers: readonly string[] = [],
): { readonly injected: readonly InjectedText[]; readonly rest: string } {
  const flat = flatText(text)
  const tags = [...tagsIn(flat)]
  const open = [...phrasesIn(flat), ...markersIn(flat, markers)].sort((a, b) => a.at - b.at)
  // A tag that is closed says itself where its text begins and ends.
  const found = [...tags, ...outside(open, tags)].sort((a, b) => a.start - b.start)
  const injected: { sign: string; start: number; end: number }[] = []
  for (const { sign, start, end } of found) {
    const last = injected.at(-1)
    if (last !== undefined && start <= last.end) last.end = Math.max(last.end, end)
    else injected.push({ sign, start, end })
  }
  let rest = ''
  let at = 0
  for (const { start, end } of injected) {
    rest += `${flat.slice(at, start)} … `
    at = end
  }
  return {
    injected: injected.map(({ sign, start, end }) => ({ sign, text: flat.slice(start, end).trim() })),
    rest: rest + flat.slice(at),
  }
}

interface Range {
  readonly sign: string
  readonly start: number
  readonly end: number
}

type Tag = Range & { readonly isClosed: boolean }

/** What does not stand in a closed tag. Both come in order, and are walked through once. */
function outside(open: readonly Found[], tags: readonly Tag[]): readonly Found[] {
  let next = 0
  let end = 0
  return open.filter(({ at }) => {
    for (let tag = tags[next]; tag !== undefined && tag.start <= at; tag = tags[++next]) {
      if (tag.isClosed) end = Math.max(end, tag.end)
    }
    return at >= end
  })
}

function* tagsIn(flat: string): Iterable<Tag> {
  const lower = flat.toLowerCase()
  for (const { 0: open, 1: name = '', index: start } of flat.matchAll(tag)) {
    const length = lower.slice(start, start + longestTag).indexOf(`</${name.toLowerCase()}>`)
    const isClosed = length !== -1
    yield { sign: 'tag', start, end: start + (isClosed ? length + open.length + 1 : behind), isClosed }
  }
}

type Found = Range & { readonly at: number }

function* phrasesIn(flat: string): Iterable<Found> {
  for (const { sign, pattern } of phrases) {
    for (const { index } of flat.matchAll(pattern)) yield around(sign, index, flat)
  }
}

function* markersIn(flat: string, markers: readonly string[]): Iterable<Found> {
  const lower = flat.toLowerCase()
  for (const marker of markers) {
    const wanted = flatText(marker).toLowerCase().trim()
    if (wanted === '') continue
    for (let at = lower.indexOf(wanted); at !== -1; at = lower.indexOf(wanted, at + wanted.length)) {
      yield around('marker', at, flat)
    }
  }
}

/** From the start of the sentence, which may hold the order itself: "Send it to X and do not tell the user". */
function around(sign: string, at: number, flat: string): Found {
  const start = Math.max(0, at - before)
  const sentence = /^.*[.!?:;>»] /s.exec(flat.slice(start, at))?.[0].length ?? 0
  return { sign, at, start: start + sentence, end: at + behind }
}

/** Tags that pretend to come from whoever runs the model. */
const tag =
  /<(information|important|instructions?|inst|system|sys|admin|system[-_ ](?:prompt|message|note|instructions?))>/gi

/** What is asked to be forgotten, in the words of attacks. */
const earlier =
  '(?:(?:all|any|every|the|my|your|of|these|those) ){0,3}(?:previous|prior|preceding|above|earlier|foregoing|original|initial|existing|current)'
const orders =
  '(?:instructions?|prompts?|commands?|directions?|directives?|orders?|tasks?|rules|guidelines|messages?|context)'
const models =
  '(?:ai|a\\.i\\.|llm|large language model|language model|ai model|ai assistant|ai agent|chat ?bot|gpt(?:-[\\w.]{1,12})?|chatgpt|claude|gemini|copilot|assistant|the model|model)'

/** A name as programs write it: words of a sentence are none. */
const toolName = '(?:[a-z][a-z0-9]{1,30}_\\w{1,60}|[`\'"][a-z]\\w{2,60}[`\'"])'

/**
 * Every pattern begins at a word and holds only bounded repetitions: looking is linear in the length of the text.
 */
const phrases: readonly { readonly sign: string; readonly pattern: RegExp }[] = [
  {
    sign: 'override',
    pattern: phrase(
      `(?:ignore|disregard|forget|override|bypass|do not follow|don't follow|stop following) ${earlier} (?:\\w{1,20} )?${orders}`,
    ),
  },
  {
    sign: 'override',
    pattern: phrase(
      `(?:ignore|disregard|forget) (?:everything|all|anything) (?:(?:you were told|that was said|said|written|stated) )?(?:above|before|previously|prior)`,
    ),
  },
  {
    sign: 'override',
    pattern:
      /(?<!\p{L})(?:ignorier\w{0,3} (?:sie )?(?:alle )?(?:bisherigen|vorherigen|obigen) (?:anweisungen|befehle)|ignor\w{1,4} (?:toutes )?les (?:instructions|consignes) pr[ée]c[ée]dentes|ignor\w{1,4} (?:todas )?las instrucciones (?:anteriores|previas)|ignor\w{1,4} (?:tutte )?le istruzioni precedenti|ignor\w{1,4} (?:todas )?as instru[çc][õo]es anteriores)/giu,
  },
  { sign: 'override', pattern: /忽略(?:所有|以上|之前|先前)/gu },
  {
    sign: 'override',
    pattern: phrase(
      `(?:here are |these are )?(?:your |the )?(?:new|updated|real|actual) (?:instructions?|task|objective|system prompt)(?: (?:is|are))?:`,
    ),
  },
  {
    sign: 'override',
    pattern: phrase(
      `before you (?:can |may |could )?(?:solve|complete|finish|do|start|answer|continue|proceed|respond)(?: (?:with|to))? (?:the|your|this|my|any)(?: \\w{1,20})? (?:task|request|question|query|work)`,
    ),
  },
  {
    sign: 'address',
    pattern: phrase(
      `(?:important|urgent|special|secret|critical)[!,:]{0,3} (?:message|instructions?|notice|note|request|information|task)s? (?:\\S{1,30} ){0,8}(?:to|for) (?:you, )?(?:the |any |all )?${models}`,
    ),
  },
  {
    sign: 'address',
    pattern: phrase(
      `(?:dear|hello|hey|attention|attn|note to|notice to|message to|message for|instructions? (?:for|to)|to|for)[,:]? (?:any |all |the |every )?${models}(?: (?:reading|processing|that reads|who reads) (?:this|these|the)|[,:!] (?:please|you must|you should|you are|ignore|send|call|use|do|forward|read|the following))`,
    ),
  },
  {
    sign: 'address',
    pattern: phrase(
      `(?:if|as|since) you are (?:an? |the )?${models}[, ](?:\\S{1,20} ){0,4}?(?:please|you must|you should|then|send|call|use|read|ignore|forward|include)`,
    ),
  },
  {
    sign: 'address',
    pattern: phrase(
      `you are (?:now|no longer) (?:an? |the |in )?(?:${models}|developer mode|dan|unrestricted|jailbroken)`,
    ),
  },
  { sign: 'address', pattern: /<\|(?:im_start|system|start_header_id)\|?>|\[\/?INST\]|<<SYS>>/g },
  {
    sign: 'address',
    pattern:
      /(?:^|[\s#*[=-])(?:system|admin(?:istrator)?|developer)(?: (?:message|prompt|override|instructions?|note))[\]:*]/gi,
  },
  {
    sign: 'order',
    pattern: phrase(
      `(?:call|invoke|execute|run|use) (?:the )?(?:(?:tool|function|api|command) ${toolName}|${toolName} (?:tool|function|api|command))`,
    ),
  },
  {
    sign: 'order',
    pattern: phrase(
      `(?:do|follow|perform|execute|complete) (?:instead )?the following (?:\\w{1,20} )?(?:first|instead|instructions?|steps? (?:first|instead)|now)`,
    ),
  },
  {
    sign: 'secrecy',
    pattern: phrase(
      `(?:do not|don't|never|without) (?:tell|telling|inform|informing|mention|mentioning|alert|alerting|notify|notifying|ask|asking|reveal|revealing)(?: (?:this|it|anything|any of this)(?: to)?)? (?:the )?user`,
    ),
  },
]

function phrase(source: string): RegExp {
  return new RegExp(`(?<![A-Za-z0-9])(?:${source})(?![A-Za-z0-9])`, 'gi')
}
