/** What a person's words say to a proposal. */
export type SaidTo = 'yes' | 'no' | 'neither'

/**
 * Whether somebody says an explicit yes to what they were asked, in one of some thirty languages: a yes at the head of a
 * clause, or a phrase that tells to go on ("please go ahead", "ich bestätige", "お願いします"). A yes whose clause negates
 * it is none, and one beside "not yet", "wait" or "don't proceed" neither: then the answer is `no`. A wish ("cancel my
 * flight") is `neither`: explicit means explicit. It is a rule over words, not an understanding: `docs/effects.md` says
 * how often it was right on real dialogues.
 */
export function saidTo(text: string): SaidTo {
  const said = plainText(text.slice(-longestText))
  if (halts.some((halt) => halt.test(said))) return 'no'
  const clauses = said.split(/[.!?;:,…。！？、，；،؛؟।\n()–—]+|\s-\s/u).map((clause) => clause.trim())
  if (clauses.some((clause) => isYes(clause))) return 'yes'
  return clauses.some((clause) => isNo(clause)) ? 'no' : 'neither'
}

/** Characters of a turn that are looked at, its last ones. */
const longestText = 4_000

function isYes(clause: string): boolean {
  if (clause === '') return false
  const isTold = headOf(clause, yesHeads) || goOn.some((phrase) => phrase.test(clause))
  return isTold && !negated.test(clause) && !conditional.test(clause)
}

/** "No" and "no, thank you"; "no insurance" is an answer to something else. */
function isNo(clause: string): boolean {
  if (unspaced.test(clause)) return headOf(clause, noHeads)
  const [first = '', ...others] = clause.split(/\s+/u)
  return noHeads.has(first) && others.every((word) => courtesy.has(word))
}

/** Lower case, one kind of apostrophe, without idioms that negate nothing. */
function plainText(text: string): string {
  const plain = text
    .normalize('NFC')
    .toLowerCase()
    .replace(/[’‘`´]/g, "'")
    // What is quoted is somebody else's word, or the name of a choice: "No longer needed" is no no.
    .replace(/"[^"\n]{0,80}"|“[^”\n]{0,80}”|«[^»\n]{0,80}»|「[^」\n]{0,80}」/gu, ' ')
    .replace(/[*_"“”„«»]/g, '')
  return plain.replace(idioms, ' ')
}

const idioms =
  /\b(?:no problem|no worries|not a problem|why not|no objections?|kein problem|keine einwände|pas de problème|sin problema|sem problema|nessun problema|geen probleem)\b|没问题|沒問題|問題ありません|문제 ?없/gu

/** Whether a clause begins with one of the words, as a whole: "yes please" with "yes", "yesterday" not. */
function headOf(clause: string, words: ReadonlySet<string>): boolean {
  if (unspaced.test(clause)) return [...words].some((word) => unspaced.test(word) && clause.startsWith(word))
  const tokens = clause
    .replace(/^(?:and|so|well|oh|hm+|then|great|perfect|thank you|thanks|und|et|y|e)\s+/u, '')
    .split(/\s+/u)
  const [first = '', second = '', third = ''] = tokens
  return words.has(first) || words.has(`${first} ${second}`) || words.has(`${first} ${second} ${third}`)
}

/** Scripts that put no spaces between words. */
const unspaced = /[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]/u

const listOf = (text: string): ReadonlySet<string> => new Set(text.split('|'))

const yesHeads = listOf(
  'yes|yep|yeah|yup|sure|ok|okay|absolutely|definitely|certainly|correct|confirmed|agreed|affirmative|of course|' +
    "sounds good|sounds great|sounds perfect|looks good|all good|fine|that's fine|that is fine|alright|all right|very well|that is correct|that's correct|that's right|that is right|that works|approved|" +
    'ja|jawohl|jep|genau|einverstanden|in ordnung|bestätigt|klar|natürlich|passt|' +
    "oui|ouais|d'accord|confirmé|bien sûr|entendu|" +
    'sí|claro|de acuerdo|adelante|confirmado|por supuesto|vale|' +
    'sim|de acordo|com certeza|pode ser|' +
    "sì|certo|va bene|d'accordo|confermato|" +
    'akkoord|prima|jazeker|okej|visst|javisst|jo|selvfølgelig|' +
    'tak|zgoda|oczywiście|ano|souhlasím|áno|da|ναι|igen|kyllä|joo|' +
    'да|конечно|хорошо|ладно|согласен|согласна|так|звісно|згоден|згодна|' +
    'evet|tamam|olur|نعم|أجل|موافق|كן|כן|बिल्कुल|हाँ|हां|जी|ठीक|' +
    'vâng|đồng ý|ya|iya|setuju|baik|' +
    '是的|好的|可以|确认|確認|同意|行|是|好|はい|ええ|了解|承知|네|예|좋아|동의|확인',
)

const noHeads = listOf(
  'no|nope|nah|never|nein|nö|non|não|nie|nej|nei|nee|ne|нет|ні|hayır|لا|לא|नहीं|không|tidak|ei|όχι|nem|' +
    '不|不是|不要|别|いいえ|いや|아니',
)

const courtesy = listOf(
  'thanks|thank|you|please|sir|madam|danke|bitte|merci|gracias|obrigado|obrigada|grazie|dank|je|tack|takk|tak|dzięki|' +
    'спасибо|teşekkürler|شكرا|תודה|cảm|ơn|terima|kasih|kiitos',
)

/** Telling to go on, wherever it stands in a clause. */
const goOn = [
  /\b(?:go ahead|proceed|carry on|works for me|(?:is|sounds|looks) (?:fine|good|great|perfect|ok|okay|acceptable))\b/u,
  /\bplease (?:do|continue|confirm it)\b/u,
  /\b(?:do it|let's do (?:it|that|this)|i (?:do )?(?:confirm|agree|approve|consent|accept)|i'm (?:ok|okay|fine|happy) with|you (?:can|may) (?:do|continue))\b/u,
  /\b(?:ich (?:bestätige|stimme zu)|bitte (?:fortfahren|weiter)|machen sie (?:das|weiter)|nur zu)\b/u,
  /\b(?:je (?:confirme|suis d'accord)|allez-y|vas-y)/u,
  /\b(?:confirmo|estoy de acuerdo|proceda|procede|pode (?:prosseguir|continuar)|confermo|procedi)\b/u,
  /\b(?:ik (?:bevestig|ga akkoord)|ga (?:door|je gang)|jag (?:bekräftar|godkänner)|jeg (?:bekræfter|bekrefter|godkender|godkjenner)|potwierdzam|zgadzam się|potvrzuji|vahvistan|hyväksyn|onaylıyorum)/u,
  /подтверждаю|согласен|согласна|давайте|підтверджую|أوافق|أؤكد|מאשר|xác nhận|lanjutkan/u,
  /请继续|請繼續|お願いします|同意します|進めてください|진행해|부탁/u,
]

/** A negation within a clause takes its yes back. */
const negated =
  /\b(?:not|no|never|don't|do not|doesn't|didn't|won't|can't|cannot|isn't|nicht|kein\w*|nein|pas|jamais|não|nunca|tampoco|non|niet|geen|inte|ikke|nie|ei|değil|không|tidak|jangan)\b|(?:^|\s)(?:не|нет|لا|नहीं|לא)(?:\s|$)|不|没|沒|ない|ません|않|못/u

/** "Yes if it is free" is a condition. */
const conditional =
  /\b(?:only if|if (?!you|that's|possible|that is)|unless|wenn|falls|es sei denn|à condition|si es|siempre que|se for)\b/u

/** Words that hold the agent back, whatever else is said. */
const halts = [
  /\b(?:don't|do not|please don't|not) (?:go ahead|proceed|continue|do (?:it|that|anything)|confirm|book it|cancel it yet|make (?:the|any) changes?)\b/u,
  /\b(?:not yet|hold on|hold off(?! on)|never mind|nevermind|changed my mind|i'd rather not|i would rather not|rather not)\b/u,
  /(?:^|[.!?,\n]\s*)(?:wait|stop)\b(?! list)/u,
  /\b(?:noch nicht|warten sie|moment mal|lieber nicht|pas encore|attendez|todavía no|aún no|espere|ainda não|espera|non ancora|aspetti|aspetta|nog niet|inte än|ikke endnu|ikke ennå)\b/u,
  /(?:^|\s)(?:ещё нет|еще нет|подождите|стоп|ще ні|зачекайте)(?:\s|[.,!]|$)|还没|還沒|等一下|等等|待って|まだ|잠깐|아직/u,
]
