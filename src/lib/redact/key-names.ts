/**
 * Which names say that what they name is a secret: `password`, `apiKey`, `x-api-key`, `AWS_SECRET_ACCESS_KEY`.
 * Names are compared in lower case without separators, so that camel, snake, kebab and header case are one.
 */

/** A name that ends so names a secret. */
const endings = `
  password passwd passphrase passcode pwd secret secrets token jwt cvv cvc apikey apikeys accesskey
  secretkey privatekey signingkey encryptionkey masterkey accountkey sharedkey storagekey
  sharedaccesskey authkey servicekey servicerolekey sessionkey subscriptionkey functionskey appkey
  applicationkey licensekey deploykey secretaccesskey secretkeybase hmackey webhookkey integrationkey
  ingestkey writekey connectionstring connstr connstring authorization sessioncookie authcookie
  setcookie credential credentials passwordhash hashedpassword passworddigest secretvalue secretstring
  tokenvalue privatekeypem clientkeydata seedphrase mnemonic basicauth authtokens accesstokens
  refreshtokens bearertokens secretkeys accesskeys privatekeys passwords sastoken sassignature bearer
  personalaccesstoken cvv2 cvc2
`
  .trim()
  .split(/\s+/)
const secretEnding = new RegExp(`(?:${endings.join('|')})$`)

/** Names that are secrets only as a whole: their endings are ordinary words. */
const exactly = new Set(['cookie', 'cookies', 'pgpass', 'mysqlpwd'])

/**
 * Endings that look like secrets and are none: cursors of pages, the special tokens of a tokenizer, flags. A cursor
 * grants nothing that the call it belongs to was not granted, and a replay that lost it could not turn the page.
 */
const harmless = new RegExp(
  [
    '(?:^|_)(?:page|next|next_?page|prev|previous|continuation|continue|cursor|sync|resume|start|end|stop|pad|eos|bos|unk|cls|sep|mask|special|first|last|skip|max|min|per|image|audio|idempotency|top|output|input|prompt|completion)_?token$',
    '^(?:is|has|have|needs?|requires?|uses?|show|hide|allow|enable|disable|no|with|without)_',
  ].join('|'),
)

/** Names under which a number, too, can only be a secret. */
const unmistakable = /(?:password|passwd|passphrase|passcode|cvv|cvc|cvv2|cvc2)$/

const phrases =
  /(?:password|passwd|passphrase|passwords|seedphrase|mnemonic|connectionstring|connstr|connstring|cookies?|setcookie|sessioncookie|authcookie)$/

/** What such names mean in a query string, where names are short. */
const queryNames = new Set([
  'key',
  'sig',
  'signature',
  'xamzsignature',
  'xgoogsignature',
  'xamzsecuritytoken',
  'code',
  'xamzcredential',
])

export interface KeyNames {
  /** Whether text under this name is a secret as a whole. */
  readonly isSecret: (name: string) => boolean
  /** Whether a number under it is one, too. */
  readonly isUnmistakable: (name: string) => boolean
  /** Whether what it names may hold spaces; keys and tokens never do. */
  readonly isPhrase: (name: string) => boolean
  readonly isSecretParameter: (name: string) => boolean
}

/** At most so many names are remembered: hostile objects make up new ones for ever. */
const remembered = 10_000

export function keyNames(further: readonly string[] = [], allowed: readonly string[] = []): KeyNames {
  const more = new Set(further.map(squashed))
  const never = new Set(allowed.map(squashed))
  let known = new Map<string, boolean>()
  const decide = (name: string): boolean => {
    const short = squashed(name)
    if (never.has(short)) return false
    if (more.has(short)) return true
    const bare = short.replace(/(?:confirmation|confirm|again|repeat)?\d{0,2}$/, '')
    if (harmless.test(snake(name))) return false
    return exactly.has(bare) || secretEnding.test(bare) || secretEnding.test(short)
  }
  const isSecret = (name: string): boolean => {
    if (name.length < 3 || name.length > 100) return false
    let answer = known.get(name)
    if (answer === undefined) {
      if (known.size >= remembered) known = new Map()
      answer = decide(name)
      known.set(name, answer)
    }
    return answer
  }
  return {
    isSecret,
    isUnmistakable: (name) => isSecret(name) && unmistakable.test(squashed(name)),
    isPhrase: (name) => more.has(squashed(name)) || phrases.test(squashed(name)),
    isSecretParameter: (name) =>
      isSecret(name) || (queryNames.has(squashed(name)) && !never.has(squashed(name))),
  }
}

function squashed(name: string): string {
  return name.replace(/[^A-Za-z0-9]+/g, '').toLowerCase()
}

function snake(name: string): string {
  return name
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replace(/[^A-Za-z0-9]+/g, '_')
    .toLowerCase()
}

/** What stands where a secret would, and is none: nothing, a type, a mask, a variable, an example's gap. */
const nothing = new RegExp(
  [
    '^(?:|none|null|nil|undefined|true|false|yes|no|on|off|n/?a|unknown|empty|missing|invalid|valid|expired|required|optional)$',
    '^(?:string|text|number|boolean|object|str|secret|password|token|hidden|masked|redacted|filtered|removed|default|bearer|basic|oauth2?|apikey|api_key|include|same-origin|omit)$',
    // Masks: ****, xxxxxxxx, ••••, sk-...abcd
    '^[*•xX.#_-]+$',
    '^[^\\s]{0,12}(?:\\*{3,}|•{3,}|\\.{3,}|…)[^\\s]{0,6}$',
    // Gaps and variables: <your key>, {{key}}, ${KEY}, $KEY, %KEY%, [REDACTED], __REDACTED__, process.env.KEY
    '^<[^<>]*>$|^\\{[^{}]*\\}$|^\\{\\{[^{}]*\\}\\}$|^\\$\\{[^{}]*\\}$|^\\$\\([^()]*\\)$|^\\$[A-Za-z_]\\w*$|^%\\w+%$|^\\[[^[\\]]*\\]$|^__\\w+__$',
    '^(?:process\\.env|os\\.environ|import\\.meta\\.env|env|secrets|config|settings|self|this|args|vars?)\\b[.[(].*$',
    '^(?:your|my|the|insert|replace|enter|add|change|paste)[-_ ](?:[a-z]+[-_ ]?){1,6}$',
  ].join('|'),
  'i',
)

/** Whether a value can be seen to hold no secret, whatever its name. */
export function holdsNothing(value: string): boolean {
  return value.length <= 200 && nothing.test(value.trim())
}
