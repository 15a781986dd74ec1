import { EvalkitError } from '../../schema/errors.ts'

type Environment = Readonly<Record<string, string | undefined>>

/** The model providers an endpoint stands for, and the variables their clients ask for an address. */
const providers = {
  anthropic: { address: 'https://api.anthropic.com', variable: 'ANTHROPIC_BASE_URL' },
  openai: { address: 'https://api.openai.com/v1', variable: 'OPENAI_BASE_URL' },
} as const

/** Names that are taken: what the endpoint answers itself. */
const reserved = new Set(['mcp', 'tools', 'trace'])

/** What an endpoint stands for, and how its clients learn of it. */
export interface Upstreams {
  readonly upstreams: Readonly<Record<string, URL>>
  /** The variables of a program that is to talk to the endpoint at this address. */
  readonly variables: (origin: string) => Readonly<Record<string, string>>
}

/**
 * The providers where the environment says they are, or where they always are, and further ones, as `name=address`
 * (`openai=…` and `anthropic=…` win over the environment).
 * Throws `EVK_USAGE` for an address that is none.
 */
export function upstreamsOf(environment: Environment, further: readonly string[] = []): Upstreams {
  const upstreams: Record<string, URL> = {}
  const paths: Record<string, string> = {}
  const named = new Map(further.map((one) => upstreamIn(one)))
  for (const [name, { address, variable }] of Object.entries(providers)) {
    const told = environment[variable]
    const url = named.get(name) ?? addressIn(told === undefined || told === '' ? address : told, variable)
    named.delete(name)
    // Their clients know the version as a part of the address: it stays one.
    const version = /\/v1\/?$/.exec(url.pathname)
    paths[variable] = `/${name}${version === null ? '' : '/v1'}`
    upstreams[name] = version === null ? url : new URL(url.pathname.slice(0, version.index + 1), url)
  }
  return {
    upstreams: { ...upstreams, ...Object.fromEntries(named) },
    variables: (origin) => ({
      EVALKIT_URL: origin,
      EVALKIT_TOOL_URL: `${origin}/tools`,
      EVALKIT_TRACE_URL: `${origin}/trace`,
      ...Object.fromEntries(Object.entries(paths).map(([variable, path]) => [variable, `${origin}${path}`])),
    }),
  }
}

/** `name=address`, as it is typed. */
function upstreamIn(text: string): readonly [name: string, address: URL] {
  const [name = '', ...rest] = text.split('=')
  if (!/^[a-z][a-z0-9-]{0,63}$/.test(name) || reserved.has(name) || rest.length === 0) {
    throw new EvalkitError('EVK_USAGE', `"${text.slice(0, 80)}" names no upstream.`, {
      hint: 'Write name=https://address, the name in lower case (not "mcp", "tools" or "trace").',
    })
  }
  return [name, addressIn(rest.join('='), `Upstream ${name}`)]
}

/** Variables that name a proxy on the way out; in capitals or not, as programs have it. */
const proxyVariables = ['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'http_proxy', 'https_proxy', 'all_proxy']

/** What a program needs beside `variables`, so that it reaches this machine without a detour. */
export function withoutDetour(environment: Environment): Readonly<Record<string, string>> {
  if (!proxyVariables.some((name) => environment[name])) return {}
  const direct = [environment['NO_PROXY'] ?? environment['no_proxy'] ?? '', '127.0.0.1', 'localhost']
  const list = direct.filter((name) => name !== '').join(',')
  return { NO_PROXY: list, no_proxy: list }
}

/** The variables that name a proxy, for our own way out; `undefined` where none does. */
export function proxyEnvOf(environment: Environment): Environment | undefined {
  if (!proxyVariables.some((name) => environment[name])) return undefined
  const names = [...proxyVariables, 'NO_PROXY', 'no_proxy']
  return Object.fromEntries(names.map((name) => [name, environment[name]]))
}

/** An address a server can be asked at. Throws `EVK_USAGE` where `text` is none; `what` says where it stood. */
export function addressIn(text: string, what: string): URL {
  const url = URL.parse(text)
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new EvalkitError('EVK_USAGE', `${what} is no address: "${text.slice(0, 100)}".`, {
      hint: 'Write it whole, as in https://api.openai.com/v1.',
    })
  }
  if (url.username !== '' || url.password !== '') {
    throw new EvalkitError('EVK_USAGE', `${what} holds a password.`, {
      hint: 'Let the program send it, in a header.',
    })
  }
  return url
}
