/**
 * What redaction is measured on: secrets of every shape we know, in the places where agents meet them, and texts that
 * look like secrets and are none. All are made up here from pieces and a seeded generator, so that no scanner takes
 * this file for a leak.
 */

export interface Leak {
  readonly name: string
  /** What must not be seen again. */
  readonly secret: string
  /** A JSON value that holds it. */
  readonly value: unknown
}

export interface LookAlike {
  readonly name: string
  /** Must come back as it is. */
  readonly value: unknown
}

/**
 * Whether a secret, or its beginning, middle or end, can still be read in a value; or nothing stands in its place.
 * Quotes, escapes and breaks do not hide it.
 */
export function survives(secret: string, value: unknown): boolean {
  const text = JSON.stringify(value)
  if (!text.includes('<redacted:')) return true
  const left = squashed(text.replace(/<redacted:[^>]*>/g, ''))
  const whole = squashed(secret)
  const middle = Math.floor(whole.length / 2)
  return [whole.slice(0, 9), whole.slice(middle, middle + 9), whole.slice(-9)].some((part) =>
    left.includes(part),
  )
}

function squashed(text: string): string {
  return text.replace(/\\+[nr]/g, '').replace(/[^A-Za-z0-9]/g, '')
}

/** Broken off, so that no line of this file reads like a key. */
const secretly = 'PRIVATE'

const digits = '0123456789'
const lower = 'abcdefghijklmnopqrstuvwxyz'
const upper = lower.toUpperCase()
const hex = `${digits}abcdef`
const word = digits + lower + upper
const base64 = `${word}+/`
const url64 = `${word}-_`

/** `length` characters of an alphabet, the same for the same seed; begins and ends with a letter or a digit. */
export function drawn(length: number, alphabet: string, seed: string): string {
  let state = 2166136261
  for (const char of seed) state = Math.imul(state ^ char.charCodeAt(0), 16777619)
  let text = ''
  while (text.length < length) {
    state = Math.imul(state ^ (state >>> 15), 2246822519) + 0x9e3779b9
    const char = alphabet[(state >>> 8) % alphabet.length] ?? 'a'
    const edge = text.length === 0 || text.length === length - 1
    if (!edge || /[A-Za-z0-9]/.test(char)) text += char
  }
  return text
}

/** Keys that are known by their look: name, secret. */
function shaped(salt = ''): [string, string][] {
  const of = (name: string, ...pieces: (string | [number, string])[]): [string, string] => [
    name,
    pieces
      .map((piece, at) => (typeof piece === 'string' ? piece : drawn(...piece, name + at + salt)))
      .join(''),
  ]
  const uuid = (name: string, ...prefix: string[]): [string, string] =>
    of(name, ...prefix, [8, hex], '-', [4, hex], '-4', [3, hex], '-a', [3, hex], '-', [12, hex])
  return [
    of('AWS access key id', 'AK', 'IA', [16, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567']),
    of('AWS temporary key id', 'AS', 'IA', [16, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567']),
    of('AWS session token', 'IQoJb3Jp', 'Z2lu', [300, base64], '=='),
    of('AWS Bedrock key', 'AB', 'SK', [128, base64], '='),
    of('Google API key', 'AI', 'za', [35, url64]),
    of('Google OAuth secret', 'GOC', 'SPX-', [28, url64]),
    of('Google access token', 'ya', '29.', [120, url64]),
    of('Azure client secret', [3, word], '8', 'Q~', [34, `${word}_-`]),
    of('Azure OpenAI key', [52, word], 'JQQ', 'J99', [26, word]),
    of('OpenAI project key', 'sk-', 'proj-', [74, url64], 'T3Blbk', 'FJ', [74, url64]),
    of('OpenAI service account key', 'sk-', 'svcacct-', [74, url64], 'T3Blbk', 'FJ', [74, url64]),
    of('OpenAI classic key', 'sk', '-', [20, word], 'T3Blbk', 'FJ', [20, word]),
    of('DeepSeek key', 'sk', '-', [32, hex]),
    of('Anthropic key', 'sk-', 'ant-', 'api03-', [93, url64], 'AA'),
    of('OpenRouter key', 'sk-', 'or-v1-', [64, hex]),
    uuid('Langfuse secret key', 'sk-', 'lf-'),
    of('Hugging Face token', 'h', 'f_', [34, lower + upper]),
    of('LangSmith key', 'ls', 'v2_pt_', [32, hex], '_', [10, hex]),
    of('Groq key', 'gs', 'k_', [52, word]),
    of('Replicate token', 'r', '8_', [37, word]),
    of('xAI key', 'xa', 'i-', [80, word]),
    of('Perplexity key', 'pp', 'lx-', [48, word]),
    of('NVIDIA key', 'nv', 'api-', [64, url64]),
    of('Together key', 'tg', 'p_v1_', [43, url64]),
    of('Pinecone key', 'pc', 'sk_', [6, word], '_', [63, word]),
    of('Tavily key', 'tv', 'ly-dev-', [32, word]),
    of('ElevenLabs key', 'sk', '_', [48, hex]),
    of('Stripe secret key', 'sk', '_live_', [24, word]),
    of('Stripe restricted key', 'rk', '_live_', [99, word]),
    of('Stripe test key', 'sk', '_test_', [24, word]),
    of('Stripe webhook secret', 'wh', 'sec_', [32, word]),
    of('Square access token', 'sq', '0atp-', [22, url64]),
    of('Square OAuth secret', 'sq', '0csp-', [43, url64]),
    of('Square token, new', 'EA', 'AA', [60, url64]),
    of('Braintree token', 'access_', 'token$production$', [16, digits + lower], '$', [32, hex]),
    uuid('Plaid token', 'access', '-production-'),
    of('Shopify token', 'shp', 'at_', [32, hex]),
    of('Twilio key', 'S', 'K', [32, hex]),
    of('SendGrid key', 'S', 'G.', [22, url64], '.', [43, url64]),
    of('Mailgun key', 'ke', 'y-', [32, hex]),
    of('Mailchimp key', [32, hex], '-us', '21'),
    of('Brevo key', 'xkey', 'sib-', [64, hex], '-', [16, word]),
    of('Resend key', 're', '_', [8, word], '_', [24, word]),
    of('Slack bot token', 'xo', 'xb-', [12, digits], '-', [13, digits], '-', [24, word]),
    of('Slack app token', 'xa', 'pp-1-', [11, digits + upper], '-', [13, digits], '-', [64, hex]),
    of('Discord bot token', 'M', [25, word], '.', [6, word], '.', [38, url64]),
    of('Telegram bot token', [10, '123456789'], ':A', 'A', [33, url64]),
    of('GitHub classic token', 'gh', 'p_', [36, word]),
    of('GitHub app token', 'gh', 's_', [36, word]),
    of('GitHub fine-grained token', 'github', '_pat_', [22, word], '_', [59, word]),
    of('GitLab token', 'gl', 'pat-', [20, url64]),
    of('Bitbucket app password', 'AT', 'BB', [32, word]),
    of('Atlassian token', 'AT', 'ATT3xFfGF0', [180, url64], '=', [8, hex]),
    of('npm token', 'np', 'm_', [36, word]),
    of('PyPI token', 'py', 'pi-AgEIcHlwaS5vcmc', [140, url64]),
    of('Docker Hub token', 'dc', 'kr_pat_', [27, url64]),
    of('RubyGems key', 'ruby', 'gems_', [48, hex]),
    of('DigitalOcean token', 'do', 'p_v1_', [64, hex]),
    of('Heroku key', 'HR', 'KU-', [60, url64]),
    of('Vercel token', 'vc', 'p_', [56, word]),
    of('Netlify token', 'nf', 'p_', [36, word]),
    of('Cloudflare token', 'cf', 'ut_', [48, word]),
    of('Cloudflare origin CA key', 'v1', '.0-', [24, hex], '-', [146, hex]),
    of('Supabase token', 'sb', 'p_', [40, hex]),
    of('Supabase secret key', 'sb', '_secret_', [22, url64], '_', [8, word]),
    of('Databricks token', 'da', 'pi', [32, hex]),
    of('New Relic user key', 'NR', 'AK-', [27, digits + upper]),
    of('New Relic licence key', [36, hex], 'NR', 'AL'),
    of('Sentry token', 'snt', 'ryu_', [64, hex]),
    of('Grafana token', 'gl', 'sa_', [32, word], '_', [8, hex]),
    of('Linear key', 'li', 'n_api_', [40, word]),
    of('Notion token', 'nt', 'n_', [46, word]),
    of('Notion token, old', 'se', 'cret_', [43, word]),
    of('Airtable token', 'pa', 't', [14, word], '.', [64, hex]),
    uuid('HubSpot token', 'pat', '-na1-'),
    of('Figma token', 'fi', 'gd_', [40, url64]),
    of('Postman key', 'PM', 'AK-', [24, hex], '-', [34, hex]),
    of('Vault token', 'hv', 's.', [90, url64]),
    of('Terraform token', [14, word], '.atlas', 'v1.', [67, url64]),
    of('Doppler token', 'dp', '.pt.', [43, word]),
    of('age key', 'AGE-SECRET', '-KEY-1', [58, digits + upper]),
    of('JWT', 'ey', 'JhbGciOiJIUzI1NiJ9', '.ey', 'JzdWIiOiIxMjM0NTY3ODkwIn0', '.', [43, url64]),
  ]
}

const pem = (kind: string, lines: number, newline: string): string =>
  [
    `-----BEGIN ${kind}${secretly} KEY-----`,
    ...Array.from({ length: lines }, (_, at) => drawn(64, base64, `${kind}${at}`)),
    `-----END ${kind}${secretly} KEY-----`,
  ].join(newline)

/** Secrets without a look of their own: name, secret, the text around it (`%` is the secret). */
const opaque: readonly (readonly [string, string, string])[] = [
  [
    'bearer header',
    drawn(40, url64, 'bearer'),
    'curl -H "Authorization: Bearer %" https://api.example.com/v1',
  ],
  ['bearer in prose', drawn(32, word, 'prose'), 'then call it with bearer % and retry'],
  [
    'basic header',
    Buffer.from(`admin:${drawn(12, word, 'basic')}`).toString('base64'),
    'Authorization: Basic %',
  ],
  ['URL with password', drawn(14, word, 'url'), 'clone https://deploy:%@git.example.com/shop.git'],
  ['PostgreSQL URL', drawn(16, word, 'pg'), 'DATABASE_URL=postgres://app:%@db.internal:5432/shop'],
  [
    'MongoDB URL',
    drawn(16, word, 'mongo'),
    'mongodb+srv://root:%@cluster0.abcde.mongodb.net/?retryWrites=true',
  ],
  ['Redis URL', drawn(16, word, 'redis'), 'redis://:%@cache.internal:6379/0'],
  ['Sentry DSN', drawn(32, hex, 'dsn'), 'SENTRY_DSN=https://%@o4505.ingest.sentry.io/4505'],
  [
    'SQL Server string',
    `${drawn(12, word, 'mssql')}!`,
    'Server=db;Database=shop;User Id=sa;Password=%;Encrypt=true',
  ],
  [
    'Azure storage string',
    `${drawn(86, base64, 'az')}==`,
    'DefaultEndpointsProtocol=https;AccountName=shop;AccountKey=%;EndpointSuffix=core.windows.net',
  ],
  [
    'Azure SAS',
    `${drawn(43, word, 'sas')}%3D`,
    'https://shop.blob.core.windows.net/a?sv=2024-11-04&se=2026-01-01&sr=b&sp=r&sig=%',
  ],
  ['AWS secret in .env', drawn(40, base64, 'aws'), 'export AWS_SECRET_ACCESS_KEY=%'],
  [
    'AWS secret behind its id',
    drawn(40, base64, 'aws2'),
    `${['AK', 'IA'].join('')}${drawn(16, upper, 'id')},%`,
  ],
  [
    'AWS presigned URL',
    drawn(64, hex, 'amz'),
    'https://shop.s3.amazonaws.com/a?X-Amz-Expires=300&X-Amz-Signature=%',
  ],
  ['Datadog key in .env', drawn(32, hex, 'dd'), 'DD_API_KEY=%'],
  ['Cloudflare key in YAML', drawn(40, url64, 'cf'), 'cloudflare:\n  api_token: %\n'],
  ['password in .env', `${drawn(9, word, 'pw')}#7`, 'DB_PASSWORD=%'],
  ['password in prose', `${drawn(9, lower, 'pw2')}42!`, 'Your new password: % (valid for one day)'],
  ['password in truncated JSON', 'correct horse 7', '{"user":"ada","password":"%","roles":["adm'],
  ['password where the JSON breaks off', 'hunter-seven-3', '{"user":"ada","password":"%'],
  ['password in escaped JSON', 'hunter-seven-2', 'said {\\"password\\": \\"%\\"} and left'],
  ['key in YAML', drawn(40, word, 'yaml'), 'stripe:\n  secret_key: "%"\n'],
  ['key in Python', drawn(32, word, 'py'), "client = Client(api_key='%', timeout=3)"],
  ['key on a command line', drawn(24, word, 'cli'), 'deploy --region eu --api-key % --force'],
  ['user of curl', drawn(14, word, 'curl'), 'curl -u admin:% https://ci.example.com'],
  [
    'cookie of a request',
    drawn(32, word, 'cookie'),
    'GET / HTTP/1.1\nHost: example.com\nCookie: session=%; lang=en',
  ],
  ['netrc', drawn(16, word, 'netrc'), 'machine api.example.com login ada password %'],
  [
    'Slack webhook',
    `T${drawn(8, upper, 's1')}/B${drawn(8, upper, 's2')}/${drawn(24, word, 's3')}`,
    'https://hooks.slack.com/services/%',
  ],
  [
    'Discord webhook',
    `${drawn(18, '123456789', 'd1')}/${drawn(68, url64, 'd2')}`,
    'https://discord.com/api/webhooks/%',
  ],
  ['private key', pem('', 12, '\n'), 'the key is\n%\nkeep it'],
  ['RSA key', pem('RSA ', 12, '\n'), '%'],
  ['EC key, escaped newlines', pem('EC ', 3, '\\n'), 'KEY="%"'],
  ['OpenSSH key', pem('OPENSSH ', 8, '\n'), 'cat id_ed25519\n%'],
]

const named: readonly (readonly [string, string])[] = [
  ['password', 'tr0ub4dor'],
  ['userPassword', 'correct horse'],
  ['api_key', drawn(32, hex, 'k1')],
  ['apiKey', drawn(32, word, 'k2')],
  ['X-API-Key', drawn(20, word, 'k3')],
  ['client_secret', drawn(40, url64, 'k4')],
  ['clientSecret', drawn(40, url64, 'k5')],
  ['access_token', drawn(40, word, 'k6')],
  ['refreshToken', drawn(40, word, 'k7')],
  ['auth-token', drawn(24, word, 'k8')],
  ['AWS_SECRET_ACCESS_KEY', drawn(40, base64, 'k9')],
  ['authorization', drawn(40, word, 'k10')],
  ['connectionString', 'Server=db;Uid=sa;Pw=abc'],
  ['private_key', drawn(80, base64, 'k11')],
  ['Set-Cookie', `sid=${drawn(20, word, 'k12')}; HttpOnly`],
  ['session_token', drawn(30, word, 'k13')],
  ['cvv', '123'],
]

/** At least sixty shapes, in JSON, in prose, in arguments and in strings in strings; other keys for another salt. */
export function leaks(salt = ''): Leak[] {
  const around: readonly ((secret: string) => unknown)[] = [
    (secret) => ({ messages: [{ role: 'user', content: `please use ${secret}, thanks` }] }),
    (secret) => ({ arguments: JSON.stringify({ query: secret, limit: 10 }) }),
    (secret) => ({ output: JSON.stringify({ stdout: JSON.stringify({ env: `X=${secret}` }) }) }),
    (secret) => [{ type: 'text', text: `KEY=${secret}\nOTHER=1` }],
  ]
  return [
    ...shaped(salt).flatMap(([name, secret]) =>
      around.map((value, at) => ({ name: `${name} (${at + 1})`, secret, value: value(secret) })),
    ),
    ...opaque.flatMap(([name, secret, text]) => {
      const whole = text.replace('%', () => secret)
      return [
        { name, secret, value: { content: whole } },
        { name: `${name} (in arguments)`, secret, value: { arguments: JSON.stringify({ command: whole }) } },
      ]
    }),
    ...named.flatMap(([key, secret]) => [
      { name: `"${key}"`, secret, value: { config: { [key]: secret } } },
      { name: `"${key}" (in arguments)`, secret, value: { arguments: JSON.stringify({ [key]: secret }) } },
      { name: `"${key}" (labelled)`, secret, value: { env: [{ name: key, value: secret }] } },
    ]),
  ]
}

/** How many different shapes `leaks` has, each in several places. */
export const shapeCount = shaped().length + opaque.length + named.length

/** Personal data, which is asked for by `pii`. */
export const personal: readonly Leak[] = [
  ['e-mail', 'ada.lovelace+shop@example.co.uk', 'write to % please'],
  ['phone, international', '+44 20 7946 0958', 'call % today'],
  ['phone, compact', '+14155550132', 'call % today'],
  ['phone, US', '(415) 555-0132', 'call % today'],
  ['phone, dashes', '415-555-0132', 'call % today'],
  ['card', '4111 1111 1111 1111', 'card % exp 12/29'],
  ['card, compact', '5500005555555559', 'card % exp 12/29'],
  ['American Express', '378282246310005', 'card % exp 12/29'],
  ['IBAN', 'DE89 3704 0044 0532 0130 00', 'pay to % now'],
  ['IBAN, compact', 'GB82WEST12345698765432', 'pay to % now'],
].map(([name = '', secret = '', text = '']) => ({
  name,
  secret,
  value: { content: text.replace('%', secret) },
}))

/** Nothing of this is a secret; some of it is personal, and stands as long as `pii` is off. */
export const lookAlikes: readonly LookAlike[] = (
  [
    ['uuid', '3f2b8a70-9c1d-4e5f-8a6b-7c8d9e0f1a2b'],
    ['git commit', drawn(40, hex, 'git')],
    ['SHA-256', drawn(64, hex, 'sha')],
    ['SHA-256 with its name', `sha256:${drawn(64, hex, 'sha2')}`],
    ['integrity', `sha512-${drawn(86, base64, 'sri')}==`],
    ['md5', drawn(32, hex, 'md5')],
    ['trace id', { trace_id: drawn(32, hex, 'trace'), span_id: drawn(16, hex, 'span') }],
    ['order number', { order_id: '#W2378156', item_id: '7292993796' }],
    ['reservation', { reservation_id: '4WQ150', user_id: 'chen_jackson_3290' }],
    [
      'payment ids',
      { payment_id: 'credit_card_7815826', source: 'gift_card_3284613', id: 'certificate_7504069' },
    ],
    ['tokens asked for', { max_tokens: 4096, max_completion_tokens: 512, budget_tokens: 1024 }],
    [
      'tokens used',
      { input_tokens: 1234, output_tokens: 56, cache_read_input_tokens: 7, total_tokens: 1290 },
    ],
    [
      'token counts',
      { token_count: 12, tokenCount: 13, tokens: ['Hel', 'lo'], prompt_tokens_details: { cached_tokens: 0 } },
    ],
    ['token counts as text', { input_tokens: '1234', 'gen_ai.usage.output_tokens': '56' }],
    [
      'log probabilities',
      {
        content: [
          { token: 'Hello', logprob: -0.1, bytes: [72], top_logprobs: [{ token: 'Hi', logprob: -2 }] },
        ],
      },
    ],
    [
      'tokenizer',
      { tokenizer: 'cl100k_base', eos_token: '<|endoftext|>', pad_token: '[PAD]', token_type: 'bearer' },
    ],
    ['next page', { next_page_token: 'CAUQAA19xJ2mPq', nextPageToken: 'EAAaBlBUOkNESkx' }],
    [
      'OpenAI ids',
      { id: `chatcmpl-${drawn(29, word, 'c')}`, call: `call_${drawn(24, word, 'd')}`, fp: 'fp_44709d6fcb' },
    ],
    [
      'Anthropic ids',
      {
        id: `msg_01${drawn(22, word, 'e')}`,
        tool: `toolu_01${drawn(22, word, 'f')}`,
        req: `req_011${drawn(21, word, 'g')}`,
      },
    ],
    [
      'Responses ids',
      {
        id: `resp_${drawn(48, hex, 'h')}`,
        item: `rs_${drawn(48, hex, 'i')}`,
        fc: `fc_${drawn(48, hex, 'j')}`,
      },
    ],
    ['image', `data:image/png;base64,iVBORw0KGgo${drawn(2000, base64, 'img')}=`],
    ['image without its type', `iVBORw0KGgo${drawn(3000, base64, 'img2')}=`],
    [
      'image in a message',
      { source: { type: 'base64', media_type: 'image/png', data: drawn(900, base64, 'img3') } },
    ],
    ['signature of thinking', { type: 'thinking', thinking: 'Hm.', signature: drawn(400, base64, 'sig') }],
    ['encrypted reasoning', { encrypted_content: `gAAAAAB${drawn(600, url64, 'enc')}` }],
    ['prose on passwords', 'Never ask for a password: the user resets it with the token: see the help page.'],
    [
      'prose on keys',
      'An API key is required. Key: value pairs are separated by commas; the secret: patience.',
    ],
    ['prose on tokens', 'The token budget=4096 tokens; bearer of good news, basic authentication is off.'],
    [
      'long words',
      'Donaudampfschifffahrtsgesellschaftskapitaen antidisestablishmentarianism pneumonoultramicroscopic',
    ],
    [
      'code reading a key',
      'const client = new Client({ apiKey: process.env.SHOP_API_KEY, password: config.password })',
    ],
    [
      'code in Python',
      'token = os.environ["GITHUB_TOKEN"]\npassword = getpass.getpass()\nsecret = settings.SECRET_KEY',
    ],
    ['code with arguments', 'login(username=username, password=password, token=self.token)'],
    ['shell variable', 'curl -H "Authorization: Bearer $TOKEN" -u "$USER:$PASSWORD" https://api.example.com'],
    ['placeholder of a manual', 'export OPENAI_API_KEY=your-api-key-here\nANTHROPIC_API_KEY=<your key>'],
    ['masked key', { api_key: 'sk-...abcd', password: '********', token: '[REDACTED]' }],
    [
      'schema of a login',
      {
        properties: { password: { type: 'string', description: 'The password' }, token: { type: 'string' } },
        required: ['password', 'token'],
      },
    ],
    ['flags', { has_password: 'yes', requires_token: 'no', password_required: true, is_secret: false }],
    [
      'date and time',
      { created_at: '2026-11-21T10:36:13.000Z', expires: 'Sat, 21 Nov 2026 10:36:13 GMT', ts: 1795257373000 },
    ],
    ['flight', { flight_number: 'HAT083', date: '2024-05-16', price: 5000 }],
    ['phone, pii off', { phone: '+1 415-555-0132', note: 'call 415-555-0132' }],
    ['e-mail, pii off', 'ada@example.com wrote to charles.babbage@example.org'],
    ['card number, pii off', '4111 1111 1111 1111'],
    ['URL', 'https://example.com/a/b?q=token&page=2&key_id=7#section-3'],
    [
      'URL with port and at',
      'http://localhost:8080/@scope/package and https://medium.com/@ada/post-1234567890ab',
    ],
    [
      'package names',
      'sk-learn scikit-learn @types/node task-sk-runner risk-assessment-tool-for-enterprises',
    ],
    [
      'model names',
      ['claude-sonnet-4-5-20250929', 'gpt-4o-2024-08-06', 'ft:gpt-4o-mini-2024-07-18:acme::AbCdEfGh'],
    ],
    ['kebab ids', 'project-alpha-beta-gamma-delta-release-2026-candidate-1'],
    ['snake ids', 'get_user_details_by_email_address_and_zip_code_v2'],
    ['constant', 'MAX_RETRY_ATTEMPTS_BEFORE_FAILURE_NOTIFICATION'],
    [
      'public keys',
      'pk_live_51Habcdefghijklmnopqrstuv pk-lf-1234 ssh-ed25519 AAAAC3NzaC1lZDI1NTE5 ada@laptop',
    ],
    ['certificate', '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----'],
    ['header of a key', 'A file that starts with -----BEGIN PRIVATE KEY----- must never be committed.'],
    ['docker image', 'ghcr.io/acme/shop@sha256:' + drawn(64, hex, 'docker')],
    ['MAC and IP', '00:1B:44:11:3A:B7 2001:0db8:85a3:0000:0000:8a2e:0370:7334 192.168.0.1:8080'],
    ['gibberish of a test', 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'],
    ['numbers', { id: 12345678901234, amount: 4111111111111111, zip: '19122' }],
  ] as const
).map(([name, value]) => ({ name, value }))
