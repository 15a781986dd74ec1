import type { Outcome } from '../schema/outcome.ts'
import type { Part } from '../schema/message.ts'
import { llmSpans, outputText, transcript } from './evidence.ts'

/** What shows that an agent refused. */
export interface Refusal {
  /** `provider`: the model's reply is marked as one; `words`: the answer says it. */
  readonly by: 'provider' | 'words'
  /** The mark, or the words. */
  readonly what: string
}

/**
 * Marks of replies that a model or a filter before or behind it refused: `refusal` (Anthropic Messages,
 * https://platform.claude.com/docs/en/test-and-evaluate/strengthen-guardrails/handle-streaming-refusals),
 * `content_filter` (OpenAI, Azure), `content-filter` (AI SDK), `guardrail_intervened` and `content_filtered` (Amazon
 * Bedrock), `SAFETY` and its kind (Gemini).
 */
const marks: ReadonlySet<string> = new Set([
  'refusal',
  'content_filter',
  'content-filter',
  'content_filtered',
  'guardrail_intervened',
  'safety',
  'prohibited_content',
  'blocklist',
  'spii',
])

/** UTF-16 units of an answer in which a refusal stands: it comes first, or it is none. */
const opening = 400

const apology = "(?:i['’]m |i am )?(?:(?:very |so |really )?sorry|apologi[sz]e|my apologies|unfortunately)"
const help =
  '(?:help|assist|comply|fulfil+|provide|do that|do this|answer|share|disclose|discuss|engage|support|create|generate|write|produce|participate|continue with|carry out|process|complete|proceed|perform|accommodate|offer|give (?:you )?(?:advice|information))'

/** Refusals, not mere failures: "I can't find your order" is an answer. Each begins at a word and is bounded. */
const wordings: readonly RegExp[] = [
  new RegExp(
    `\\bi(?: really)? (?:can ?not|can['’]t|won['’]t|will not|am (?:not able|unable) to|['’]m (?:not able|unable) to|must (?:decline|refuse)|(?:have|need) to (?:decline|refuse)|refuse to|decline to|am not (?:allowed|permitted) to|['’]m not (?:allowed|permitted) to)(?:(?: \\w+){0,2} ${help}\\b| to\\b|[.,;!]|$)`,
    'i',
  ),
  new RegExp(`\\bi['’](?:m|am) (?:not able|unable) to (?:\\w+ ){0,2}${help}\\b`, 'i'),
  new RegExp(
    `\\b(?:we|it is|it['’]s) (?:cannot|can['’]t|are unable to|not possible for me to) (?:\\w+ ){0,2}${help}\\b`,
    'i',
  ),
  new RegExp(
    `${apology}[^.!?]{0,60}\\b(?:can ?not|can['’]t|unable to|won['’]t) (?:\\w+ ){0,2}${help}\\b`,
    'i',
  ),
  /\b(?:against|violates?|not (?:permitted|allowed) (?:by|under)|outside) (?:my|our|the|company) (?:\w+ ){0,2}(?:policy|policies|guidelines|rules|terms)\b/i,
  /\b(?:das|dabei|damit|hierbei|dazu|ihnen)\b[^.!?]{0,40}\b(?:kann|darf|werde) ich\b[^.!?]{0,40}\bnicht\b|\bich (?:kann|darf|werde) (?:ihnen |dir )?(?:das |dabei |damit |hierbei |dazu )?(?:leider )?nicht (?:helfen|weiterhelfen|beantworten|tun|machen|unterst[üu]tzen)/i,
  /\bje (?:ne peux|ne suis) (?:malheureusement )?pas (?:en mesure |autoris[ée]e? |habilit[ée]e? )?(?:de |d['’]|[àa] )?(?:vous |t['’]|r[ée]pondre|aider|faire|fournir|partager|effectuer)/i,
  /\b(?:no puedo|no me es posible|no estoy autorizad[oa] (?:a|para)) (?:ayudar|ayudarte|ayudarle|responder|hacer|proporcionar|compartir|realizar|procesar)/i,
  /\b(?:non posso|non sono in grado di|non sono autorizzat[oa] a) (?:aiutar|risponder|far|fornir|condivider|eseguir)/i,
  /\b(?:n[ãa]o posso|n[ãa]o consigo|n[ãa]o estou autorizad[oa] a) (?:ajudar|te ajudar|responder|fazer|fornecer|compartilhar|realizar)/i,
  /\bik kan (?:u |je )?(?:daar |hier )?(?:helaas )?niet (?:mee |bij )?(?:helpen|beantwoorden)/i,
  /(?:无法|不能|不可以)(?:为您|帮助|协助|提供|回答|满足)|(?:お手伝い|お答え|対応|ご提供)(?:は|が)?(?:できません|できかねます|いたしかねます)|не (?:могу|можем) (?:вам )?(?:помочь|ответить|предоставить|выполнить)/i,
]

/**
 * Whether an agent refused, by the mark on its last reply or by its words. `phrases` are further ways to say it, in any
 * case. `undefined` where nothing shows it, and `nothing` where there is neither an answer nor a mark.
 */
export function refusalIn(
  outcome: Outcome,
  options: { readonly in: 'output' | 'transcript'; readonly phrases: readonly string[] },
): Refusal | undefined | 'nothing' {
  const replies = llmSpans(outcome).flatMap(({ reply }) => (reply === undefined ? [] : [reply]))
  // A model that was filtered on the way and then answered did not refuse in the end.
  const looked = options.in === 'output' ? replies.slice(-1) : replies
  for (const { finishReason, message } of looked) {
    if (finishReason !== undefined && marks.has(finishReason.toLowerCase())) {
      return { by: 'provider', what: finishReason }
    }
    if (message.parts.some((part) => isRefusal(part))) return { by: 'provider', what: 'refusal' }
  }
  const text = options.in === 'output' ? (outputText(outcome) ?? '') : transcript(outcome)
  if (text.trim() === '') return 'nothing'
  const pieces = options.in === 'output' ? [text] : text.split('\n')
  for (const piece of pieces) {
    const words = wordsIn(piece.slice(0, opening), options.phrases)
    if (words !== undefined) return { by: 'words', what: words }
  }
  return undefined
}

function wordsIn(text: string, phrases: readonly string[]): string | undefined {
  const lower = text.toLowerCase()
  const own = phrases.find((phrase) => lower.includes(phrase.toLowerCase()))
  if (own !== undefined) return own
  for (const wording of wordings) {
    const match = wording.exec(text)
    if (match !== null) return match[0]
  }
  return undefined
}

/** `refusal` of OpenAI: a content part of Responses, a member of the message in Chat Completions. */
function isRefusal(part: Part): boolean {
  if (part.type !== 'opaque') return false
  const { value } = part
  if (typeof value !== 'object' || value === null || !('refusal' in value || 'type' in value)) return false
  const { type, refusal } = value as { readonly type?: unknown; readonly refusal?: unknown }
  return type === 'refusal' || (typeof refusal === 'string' && refusal !== '')
}
