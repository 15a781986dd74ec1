/**
 * Secrets that can be told by their look: the prefixes providers give their keys so that scanners find them. Each
 * pattern begins with fixed text or at a boundary, and none can fail after an unbounded run that another attempt would
 * walk again: matching is linear in the length of the text.
 */

export interface Shape {
  readonly kind: string
  /** Text that is in every match; the pattern is tried only where one of these was seen. None: always tried. */
  readonly cues: readonly string[]
  /** Global. A group named `secret` is what is taken out, else the whole match. */
  readonly pattern: RegExp
  /** A last look at the secret; false lets it stand. */
  readonly holds?: (secret: string) => boolean
}

/** A key of word characters: nothing of a word stands before it or after it. */
function key(
  kind: string,
  cue: string | readonly string[],
  source: string,
  holds?: (secret: string) => boolean,
): Shape {
  return {
    kind,
    cues: typeof cue === 'string' ? [cue] : cue,
    pattern: new RegExp(`(?<![A-Za-z0-9])(?:${source})(?![A-Za-z0-9])`, 'g'),
    ...(holds === undefined ? {} : { holds }),
  }
}

function pattern(
  kind: string,
  cue: string | readonly string[],
  pattern: RegExp,
  holds?: (secret: string) => boolean,
): Shape {
  return {
    kind,
    cues: typeof cue === 'string' ? [cue] : cue,
    pattern,
    ...(holds === undefined ? {} : { holds }),
  }
}

const clouds: readonly Shape[] = [
  key('aws-access-key-id', ['AKIA', 'ASIA', 'ABIA', 'ACCA'], '(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}'),
  // A key's secret has no look of its own: it is known by its name, or by the id that stands before it.
  pattern(
    'aws-secret-key',
    ['AKIA', 'ASIA'],
    /(?<![A-Za-z0-9])A[KS]IA[A-Z0-9]{16}["']?[\s,;:|]{1,3}["']?(?<secret>[A-Za-z0-9/+]{40})(?![A-Za-z0-9/+=])/g,
  ),
  pattern(
    'aws-session-token',
    ['FwoGZXIvYXdz', 'FQoGZXIvYXdz', 'FQoDYXdz', 'IQoJb3JpZ2lu'],
    /(?<![A-Za-z0-9/+])(?:FwoGZXIvYXdz|FQoGZXIvYXdz|FQoDYXdz|IQoJb3JpZ2lu)[A-Za-z0-9/+]{60,}={0,2}/g,
  ),
  pattern('aws-bedrock-key', 'ABSK', /(?<![A-Za-z0-9/+])ABSK[A-Za-z0-9+/]{100,}={0,2}/g),
  pattern(
    'aws-signature',
    'X-Amz-',
    /X-Amz-(?:Signature=(?<secret>[0-9a-f]{64})|Security-Token=[A-Za-z0-9%/+=_-]{40,})/g,
  ),
  key('google-api-key', 'AIza', 'AIza[A-Za-z0-9_-]{35}'),
  key('google-oauth-secret', 'GOCSPX-', 'GOCSPX-[A-Za-z0-9_-]{20,}'),
  key('google-access-token', 'ya29.', 'ya29\\.[A-Za-z0-9_-]{20,}'),
  key('google-refresh-token', '1//', '1//0[A-Za-z0-9_-]{30,}'),
  pattern('azure-sas', 'sig=', /[?&;]sig=(?<secret>[A-Za-z0-9%/+=_-]{40,})/g),
  key('azure-client-secret', 'Q~', '[A-Za-z0-9_~.-]{3}[0-9]Q~[A-Za-z0-9_~.-]{31,34}'),
  key('azure-openai-key', 'JQQJ9', '[A-Za-z0-9]{52}JQQJ9[A-Za-z0-9]{27}'),
  key('azure-devops-token', 'AZDO', '[A-Za-z0-9]{76}AZDO[A-Za-z0-9]{4}'),
  key('digitalocean-token', ['dop_v1_', 'doo_v1_', 'dor_v1_'], 'do[opr]_v1_[a-f0-9]{64}'),
  key('heroku-key', 'HRKU-', 'HRKU-[A-Za-z0-9_-]{36,}'),
  key('vercel-token', ['vcp_', 'vci_', 'vca_', 'vcr_', 'vck_'], 'vc[piark]_[A-Za-z0-9]{40,}'),
  key('netlify-token', ['nfp_', 'nfc_'], 'nf[pc]_[A-Za-z0-9]{36,}'),
  key('cloudflare-token', ['cfut_', 'cfat_', 'cfk_'], 'cf(?:ut|at|k)_[A-Za-z0-9]{40,}'),
  key('cloudflare-origin-ca-key', 'v1.0-', 'v1\\.0-[a-f0-9]{24}-[a-f0-9]{146}'),
  key('supabase-key', ['sbp_', 'sb_secret_'], 'sbp_(?:oauth_)?[a-f0-9]{40}|sb_secret_[A-Za-z0-9_-]{20,}'),
  key('databricks-token', 'dapi', 'dapi[a-f0-9]{32}(?:-[0-9])?'),
  key('flyio-token', ['fm1_', 'fm2_', 'fo1_'], '(?:fm[12]|fo1)_[A-Za-z0-9+/=_-]{40,}'),
  key('render-key', 'rnd_', 'rnd_[A-Za-z0-9]{28,}'),
  key('planetscale-token', 'pscale_', 'pscale_(?:tkn|pw|oauth)_[A-Za-z0-9_.-]{32,}'),
  key('neon-key', 'napi_', 'napi_[a-z0-9]{40,}'),
  key('vault-token', ['hvs.', 'hvb.', 'hvr.'], 'hv[sbr]\\.[A-Za-z0-9_-]{24,}'),
  key('terraform-token', '.atlasv1.', '[A-Za-z0-9]{14}\\.atlasv1\\.[A-Za-z0-9_=-]{60,}'),
  key('pulumi-token', 'pul-', 'pul-[a-f0-9]{40}'),
  key('doppler-token', 'dp.', 'dp\\.(?:pt|ct|sa|scim|audit|st\\.[a-z0-9_-]{1,40})\\.[A-Za-z0-9]{40,}'),
  key('1password-token', 'ops_eyJ', 'ops_eyJ[A-Za-z0-9+/=_-]{100,}'),
]

const models: readonly Shape[] = [
  key('anthropic-key', 'sk-ant-', 'sk-ant-[A-Za-z0-9_-]{20,}', random),
  key('openrouter-key', 'sk-or-', 'sk-or-v1-[a-f0-9]{40,}'),
  key('langfuse-key', 'sk-lf-', 'sk-lf-[A-Za-z0-9-]{20,}', random),
  key(
    'openai-key',
    'sk-',
    'sk-(?:(?:proj|svcacct|admin|service|None)-[A-Za-z0-9_-]{20,}|[A-Za-z0-9]{20,}|(?!ant-|or-v1-|lf-)[A-Za-z0-9]{2,20}-[A-Za-z0-9_-]{32,})',
    random,
  ),
  key('cerebras-key', 'csk-', 'csk-[a-z0-9]{40,}'),
  key('huggingface-token', ['hf_', 'api_org_'], '(?:hf_|api_org_)[A-Za-z0-9]{30,}'),
  key('langsmith-key', ['lsv2_', 'ls__'], 'lsv2_(?:pt|sk)_[a-f0-9]{32}_[a-f0-9]{10}|ls__[a-f0-9]{32}'),
  key('groq-key', 'gsk_', 'gsk_[A-Za-z0-9]{40,}'),
  key('replicate-token', 'r8_', 'r8_[A-Za-z0-9]{37}'),
  key('xai-key', 'xai-', 'xai-[A-Za-z0-9]{40,}'),
  key('perplexity-key', 'pplx-', 'pplx-[A-Za-z0-9]{32,}'),
  key('fireworks-key', 'fw_', 'fw_[A-Za-z0-9]{22,}', random),
  key('together-key', 'tgp_v1_', 'tgp_v1_[A-Za-z0-9_-]{40,}'),
  key('nvidia-key', 'nvapi-', 'nvapi-[A-Za-z0-9_-]{50,}'),
  key('elevenlabs-key', 'sk_', 'sk_[a-f0-9]{48}'),
  key('tavily-key', 'tvly-', 'tvly-(?:dev-|prod-)?[A-Za-z0-9_-]{20,}', random),
  key('firecrawl-key', 'fc-', 'fc-[a-f0-9]{32}'),
  key('pinecone-key', 'pcsk_', 'pcsk_[A-Za-z0-9_]{50,}'),
  key('jina-key', 'jina_', 'jina_[A-Za-z0-9_-]{50,}'),
  key('e2b-key', 'e2b_', 'e2b_[a-f0-9]{40}'),
]

const payments: readonly Shape[] = [
  key('stripe-key', ['sk_', 'rk_'], '[sr]k_(?:live|test|prod)_[A-Za-z0-9]{16,}'),
  key('webhook-secret', 'whsec_', 'whsec_[A-Za-z0-9+/=]{24,}'),
  key(
    'square-token',
    ['sq0atp-', 'sq0csp-', 'EAAA'],
    'sq0atp-[A-Za-z0-9_-]{22,}|sq0csp-[A-Za-z0-9_-]{40,}|EAAA[A-Za-z0-9_-]{60}',
  ),
  key(
    'braintree-token',
    'access_token$',
    'access_token\\$(?:production|sandbox)\\$[a-z0-9]{16}\\$[a-f0-9]{32}',
  ),
  key(
    'plaid-token',
    ['access-sandbox', 'access-dev', 'access-prod'],
    'access-(?:sandbox|development|production)-[a-f0-9-]{36}',
  ),
  key('shopify-token', 'shp', 'shp(?:at|ca|pa|ss|ua|tka)_[a-fA-F0-9]{32}'),
]

const mail: readonly Shape[] = [
  key('twilio-key', 'SK', 'SK[a-f0-9]{32}'),
  key('sendgrid-key', 'SG.', 'SG\\.[A-Za-z0-9_-]{16,32}\\.[A-Za-z0-9_-]{32,64}'),
  key('mailgun-key', 'key-', 'key-[a-f0-9]{32}'),
  key('mailchimp-key', '-us', '[a-f0-9]{32}-us[0-9]{1,2}'),
  key('brevo-key', 'xkeysib-', 'xkeysib-[a-f0-9]{64}-[A-Za-z0-9]{16}'),
  key('resend-key', 're_', 're_[A-Za-z0-9]{6,12}_[A-Za-z0-9]{20,}', random),
  key('slack-token', 'xox', 'xox[abeoprs](?:\\.xox[bp])?-[A-Za-z0-9-]{10,}', random),
  key('slack-token', 'xapp-', 'xapp-[0-9]-[A-Z0-9]{6,}-[0-9]{6,}-[a-z0-9]{20,}'),
  pattern(
    'slack-webhook',
    'hooks.slack',
    /hooks\.slack(?:-gov)?\.com\/(?:services|workflows|triggers)\/(?<secret>[A-Za-z0-9+/]{20,})/g,
  ),
  pattern(
    'discord-webhook',
    '/api/webhooks/',
    /discord(?:app)?\.com\/api\/webhooks\/(?<secret>[0-9]{16,20}\/[A-Za-z0-9_-]{50,})/g,
  ),
  pattern(
    'teams-webhook',
    'webhook.office',
    /\.webhook\.office\.com\/webhookb2\/(?<secret>[A-Za-z0-9@/-]{60,})/g,
  ),
  pattern(
    'zapier-webhook',
    'hooks.zapier',
    /hooks\.zapier\.com\/hooks\/catch\/(?<secret>[0-9]{3,12}\/[A-Za-z0-9]{5,})/g,
  ),
  pattern(
    'discord-token',
    [],
    /(?<![A-Za-z0-9_-])[MNO][A-Za-z0-9_-]{23,27}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,45}(?![A-Za-z0-9_.-])/g,
    random,
  ),
  // In addresses it stands behind "/bot", without a boundary.
  pattern(
    'telegram-token',
    ':A',
    /(?:(?<![A-Za-z0-9])|(?<=\/bot))[0-9]{8,10}:A[A-Za-z0-9_-]{34}(?![A-Za-z0-9])/g,
  ),
]

const code: readonly Shape[] = [
  key('github-token', ['ghp_', 'gho_', 'ghu_', 'ghs_', 'ghr_'], 'gh[pousr]_[A-Za-z0-9]{36,}'),
  key('github-token', 'github_pat_', 'github_pat_[A-Za-z0-9_]{50,}'),
  key(
    'gitlab-token',
    [
      'glpat-',
      'glptt-',
      'gldt-',
      'glrt-',
      'glcbt-',
      'glsoat-',
      'glft-',
      'glimt-',
      'glagent-',
      'gloas-',
      'glffct-',
    ],
    'gl(?:pat|ptt|dt|rt|cbt|soat|ft|imt|agent|oas|ffct)-[A-Za-z0-9_.-]{20,}',
  ),
  key('gitlab-token', 'GR1348941', 'GR1348941[A-Za-z0-9_-]{20,}'),
  key('bitbucket-token', ['ATBB', 'ATCTT3'], 'ATBB[A-Za-z0-9]{32}|ATCTT3[A-Za-z0-9_=-]{80,}'),
  key('atlassian-token', ['ATATT3', 'ATSTT3'], 'AT[AS]TT3[A-Za-z0-9_=-]{80,}'),
  key('npm-token', 'npm_', 'npm_[A-Za-z0-9]{36}'),
  key('pypi-token', 'pypi-', 'pypi-AgE[A-Za-z0-9_-]{50,}'),
  key('docker-token', 'dckr_', 'dckr_(?:pat|oat)_[A-Za-z0-9_-]{27,}'),
  key('rubygems-key', 'rubygems_', 'rubygems_[a-f0-9]{48}'),
  key('crates-token', 'cio', 'cio[A-Za-z0-9]{32}', random),
  key('nuget-key', 'oy2', 'oy2[a-z0-9]{43}'),
  key('buildkite-token', 'bkua_', 'bkua_[a-f0-9]{40}'),
  key('sonar-token', ['squ_', 'sqp_', 'sqa_'], 'sq[pua]_[a-f0-9]{40}'),
  key('linear-key', 'lin_', 'lin_(?:api|oauth)_[A-Za-z0-9]{32,}'),
  key('notion-token', ['ntn_', 'secret_'], 'ntn_[A-Za-z0-9]{40,}|secret_[A-Za-z0-9]{43}', random),
  key('airtable-token', 'pat', 'pat[A-Za-z0-9]{14}\\.[a-f0-9]{64}'),
  key('asana-token', ['1/1', '2/1'], '[12]/1[0-9]{9,19}(?:/[0-9]{10,20})?:[a-f0-9]{32}'),
  key('figma-token', ['figd_', 'figo_', 'figr_'], 'fig[dor]_[A-Za-z0-9_-]{40,}'),
  key('hubspot-token', 'pat-', 'pat-(?:na|eu|ap)[0-9]-[a-f0-9-]{36}'),
  key('contentful-token', 'CFPAT-', 'CFPAT-[A-Za-z0-9_-]{43}'),
  key('postman-key', 'PMAK-', 'PMAK-[a-f0-9]{24}-[a-f0-9]{34}'),
  key('typeform-token', 'tfp_', 'tfp_[A-Za-z0-9_-]{40,}'),
  key('mapbox-token', 'sk.eyJ', 'sk\\.eyJ[A-Za-z0-9_-]{20,}\\.[A-Za-z0-9_-]{20,}'),
  key('dropbox-token', 'sl.', 'sl\\.(?:u\\.)?[A-Za-z0-9_-]{120,}'),
  key('facebook-token', 'EAA', 'EAA[A-Za-z0-9]{80,}'),
  key('twitter-bearer', 'AAAAAAAAAAAAAAAAAAAAA', 'AAAAAAAAAAAAAAAAAAAAA[A-Za-z0-9%]{30,200}', random),
]

const monitoring: readonly Shape[] = [
  key('datadog-token', ['ddapi_', 'ddapp_', 'ddpat_'], 'dd(?:api|app|pat)_[A-Za-z0-9]{30,}'),
  key(
    'newrelic-key',
    ['NRAK-', 'NRII-', 'NRJS-', 'NRAL'],
    'NRAK-[A-Z0-9]{27}|NRII-[A-Za-z0-9_-]{32}|NRJS-[a-f0-9]{19}|[A-Za-z0-9]{36}NRAL',
  ),
  pattern(
    'sentry-dsn',
    ['@'],
    /:\/\/(?<secret>[a-f0-9]{32}(?::[a-f0-9]{32})?)@[A-Za-z0-9.-]{3,100}\/[0-9]+/g,
  ),
  key('sentry-token', ['sntrys_', 'sntryu_'], 'sntrys_eyJ[A-Za-z0-9+/=_]{40,}|sntryu_[a-f0-9]{64}'),
  key('grafana-token', ['glc_', 'glsa_'], 'glc_eyJ[A-Za-z0-9+/=]{40,}|glsa_[A-Za-z0-9]{32}_[a-f0-9]{8}'),
  key('dynatrace-token', 'dt0', 'dt0[a-z][0-9]{2}\\.[A-Z0-9]{24}\\.[A-Z0-9]{64}'),
  key('posthog-key', 'phx_', 'phx_[A-Za-z0-9]{40,}'),
  key('honeycomb-key', ['hcaik_', 'hcbik_', 'hccik_'], 'hc[abc]ik_[a-z0-9]{50,}'),
]

const general: readonly Shape[] = [
  pattern('jwt', 'eyJ', /(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*){1,4}/g, isJwt),
  pattern(
    'private-key',
    'PRIVATE KEY',
    // Single dashes stand in the headers of an encrypted key. Without its end it is a key all the same.
    /-----BEGIN (?:[A-Z0-9]{1,12} ){0,4}PRIVATE KEY(?: BLOCK)?-----[A-Za-z0-9+/=\s\\:,.()"]*(?:-[A-Za-z0-9+/=\s\\:,.()"]+){0,12}(?:-----END (?:[A-Z0-9]{1,12} ){0,4}PRIVATE KEY(?: BLOCK)?-----)?/g,
    (text) => /[A-Za-z0-9+/]{32}/.test(text.slice(27)),
  ),
  key('age-key', 'AGE-SECRET-KEY-1', 'AGE-SECRET-KEY-1[A-Z0-9]{58}'),
]

export const shapes: readonly Shape[] = [
  ...clouds,
  ...models,
  ...payments,
  ...mail,
  ...code,
  ...monitoring,
  ...general,
]

/** Whether text looks drawn by lot: it has a digit beside letters, or changes case as no word does. */
export function random(text: string): boolean {
  const tail = text.slice(0, 300).replace(/^[A-Za-z0-9]{1,8}[-_]/, '')
  if (/[0-9]/.test(tail)) return /[A-Za-z]/.test(tail)
  return (tail.match(/[a-z][A-Z]/g)?.length ?? 0) >= 4
}

/** Two parts whose first is JSON, the second JSON too (a signed token), or five parts (an encrypted one). */
function isJwt(text: string): boolean {
  const parts = text.split('.')
  return (parts.length >= 2 && (parts[1] ?? '').startsWith('eyJ')) || (parts.length === 5 && text.length > 60)
}
