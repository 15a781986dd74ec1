export interface UrlParts {
  /** Text of a part, redacted by its look. */
  readonly text: (part: string) => string
  /** A part that is a secret as a whole. */
  readonly secret: (part: string) => string
  readonly isSecretParameter: (name: string) => boolean
}

/** A URL as it was spelled, without its user's password and the secrets among its parameters. */
export function redactedUrl(url: string, parts: UrlParts): string {
  const hash = splitAt(url, '#')
  const query = splitAt(hash.head, '?')
  const authority = /^(?<scheme>[a-z][a-z0-9+.-]{0,30}:\/\/|\/\/)(?<user>[^/?#@]{1,2000})@/i.exec(query.head)
  let head = query.head
  if (authority !== null) {
    const { scheme = '', user = '' } = authority.groups ?? {}
    const [name = '', ...password] = user.split(':')
    const kept =
      password.length > 0 ? `${parts.text(name)}:${parts.secret(password.join(':'))}` : parts.secret(name)
    head = `${scheme}${kept}@${query.head.slice(authority[0].length)}`
  }
  return parts.text(head) + parameters(query.tail, parts) + parameters(hash.tail, parts)
}

/** `?a=1&b=2` or `#…`, with its mark. */
function parameters(text: string, parts: UrlParts): string {
  if (text === '') return ''
  const pieces = text.slice(1).split('&')
  const after = pieces.map((piece) => {
    const { head: name, tail } = splitAt(piece, '=')
    if (tail === '' || tail === '=') return parts.text(piece)
    const value = tail.slice(1)
    return parts.isSecretParameter(name) ? `${name}=${parts.secret(value)}` : parts.text(piece)
  })
  return text.charAt(0) + after.join('&')
}

function splitAt(text: string, mark: string): { head: string; tail: string } {
  const at = text.indexOf(mark)
  return at === -1 ? { head: text, tail: '' } : { head: text.slice(0, at), tail: text.slice(at) }
}
