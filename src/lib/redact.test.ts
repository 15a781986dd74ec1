import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  drawn,
  leaks,
  lookAlikes,
  personal,
  shapeCount,
  survives,
} from '../../test/support/redaction-corpus.ts'
import { createRedactor } from './redact.ts'

// Put together here, so that no scanner takes this file for a leak.
const key = ['sk', 'ant', 'api03', 'AbCd1234EfGh5678IjKl9012'].join('-')
const token = /<redacted:anthropic-key:[0-9a-f]{10}>/

describe('a redactor', () => {
  it('finds every shape of the corpus, and nothing in what only looks like one', () => {
    expect(shapeCount).toBeGreaterThanOrEqual(60)
    expect(lookAlikes.length).toBeGreaterThanOrEqual(40)
    const redactor = createRedactor()
    const all = ['', 'a', 'b', 'c', 'd'].flatMap((salt) => leaks(salt))
    const missed = all.filter(({ secret, value }) => survives(secret, redactor.json(value)))
    expect(missed.map(({ name }) => name)).toEqual([])
    const hurt = lookAlikes.filter(({ value }) => createRedactor().json(value) !== value)
    expect(hurt.map(({ name }) => name)).toEqual([])
  })

  it('finds what tells a person only when asked', () => {
    for (const { secret, value } of personal) {
      expect(createRedactor().json(value)).toBe(value)
      expect(survives(secret, createRedactor({ pii: true }).json(value))).toBe(false)
    }
    const order = { order: '4111111111111112', phone_id: '4155550132', card: 4111111111111111 }
    expect(createRedactor({ pii: true }).json(order)).toEqual({
      ...order,
      card: expect.stringContaining('<redacted:card:'),
    })
  })

  it('changes nothing in what is redacted', () => {
    for (const { value } of [...leaks(), ...personal]) {
      const once = createRedactor({ pii: true }).json(value)
      expect(createRedactor({ pii: true }).json(once)).toBe(once)
    }
    const piece = fc.oneof(
      fc.constantFrom(
        'password=',
        '"token": "',
        'Bearer ',
        'https://a:',
        '@',
        key,
        '<redacted:',
        ' ',
        '\n',
        '":',
      ),
      fc.constantFrom(
        'ghp_',
        drawn(36, 'abc123XYZ', 'x'),
        '"',
        '\\"',
        '=',
        '/',
        '-',
        "'",
        '{',
        '}',
        ',',
        'api_key:',
      ),
      fc.string({ maxLength: 8 }),
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), fc.boolean(), (pieces, pii) => {
        const once = createRedactor({ pii }).text(pieces.join(''))
        expect(createRedactor({ pii }).text(once)).toBe(once)
        const named = createRedactor({ pii }).json({ password: pieces.join(''), api_key: pieces.join('') })
        expect(createRedactor({ pii }).json(named)).toEqual(named)
      }),
      { seed: 42, numRuns: 500 },
    )
  })

  it('gives the same value the same placeholder everywhere', () => {
    const redactor = createRedactor()
    const [placeholder = ''] = token.exec(redactor.text(`my key is ${key}.`)) ?? []
    expect(placeholder).toMatch(token)
    expect(redactor.json({ password: key, note: `the ${key}` })).toEqual({
      password: placeholder,
      note: `the ${placeholder}`,
    })
    expect(redactor.text(`Authorization: Bearer ${key}`)).toBe(`Authorization: Bearer ${placeholder}`)
    expect(redactor.json({ authorization: `Bearer ${key}` })).toEqual({
      authorization: `Bearer ${placeholder}`,
    })
    expect(redactor.url(`https://example.com/?key=${key}`)).toBe(`https://example.com/?key=${placeholder}`)
    const chunks = redactor.chunks([`{"a":"${key.slice(0, 9)}`, `${key.slice(9)}"}`])
    expect(chunks.map((chunk) => (typeof chunk === 'string' ? chunk : '')).join('')).toBe(
      `{"a":"${placeholder}"}`,
    )
    expect(chunks).toHaveLength(2)
  })

  it('gives it the same in a sentence, under a name and in an assignment, where it has no look of its own', () => {
    const secret = 'Summer-2026!x'
    const redactor = createRedactor()
    const [placeholder = ''] = /<[^>]+>/.exec(JSON.stringify(redactor.json({ password: secret }))) ?? []
    expect(redactor.text(`DB_PASSWORD=${secret}`)).toBe(`DB_PASSWORD=${placeholder}`)
    expect(redactor.text(`postgres://app:${secret}@db/shop`)).toBe(`postgres://app:${placeholder}@db/shop`)
    expect(redactor.url(`https://app:${secret}@example.com/`)).toBe(`https://app:${placeholder}@example.com/`)
  })

  it('gives it another one under another key', () => {
    expect(createRedactor({ key: 'ours' }).text(key)).not.toBe(createRedactor().text(key))
  })

  it('hands back the value itself where nothing is found', () => {
    const value = { messages: [{ content: 'Hello' }], arguments: '{"a": 1}' }
    expect(createRedactor().json(value)).toBe(value)
  })

  it('keeps the spelling of JSON in strings: spaces, large numbers, the order of keys', () => {
    const redact = createRedactor()
    const text = `{ "2":"b", "id": 12345678901234567890,\n "1": ["${key}", 1.50], "é": "\\u00e9" }`
    expect(redact.text(text)).toBe(text.replace(key, redact.text(key)))
    const twice = JSON.stringify({ body: JSON.stringify({ body: text }) })
    expect(JSON.parse(JSON.parse(redact.json({ twice }).twice).body).body).toBe(redact.text(text))
  })

  it('looks at names: counts and cursors stay, numbers change only under a name that cannot mean anything else', () => {
    const value = {
      max_tokens: 4096,
      token: 5,
      secret: true,
      password: 123456,
      next_page_token: 'CAUQAA',
      my_label: 'plain',
      client_secret: 'plain',
    }
    const after = createRedactor({ keys: ['my-label'], allowKeys: ['clientSecret'] }).json(value)
    expect(after).toEqual({
      ...value,
      password: expect.stringMatching(/^<redacted:secret:/),
      my_label: expect.stringMatching(/^<redacted:secret:/),
    })
  })

  it('keeps the headers that are listed and no other', () => {
    const headers = {
      'Content-Type': 'application/json',
      'Retry-After': '2',
      'anthropic-ratelimit-requests-remaining': '3',
      Authorization: `Bearer ${key}`,
      'x-api-key': key,
      'set-cookie': ['a=1', 'b=2'],
      'x-unheard-of': 'abc',
      'request-id': undefined,
    }
    const kept = {
      'content-type': 'application/json',
      'retry-after': '2',
      'anthropic-ratelimit-requests-remaining': '3',
    }
    expect(createRedactor().headers(headers)).toEqual(kept)
    expect(createRedactor().headers(new Headers({ ...kept, cookie: 'a=1', entries: 'x' }))).toEqual(kept)
    expect(createRedactor().headers({ entries: 'a header of this name', date: 'today' })).toEqual({
      date: 'today',
    })
  })

  it('takes the user and the secret parameters out of a URL, and leaves the rest as it was spelled', () => {
    const url =
      'https://ada:pw12@example.com/a%20b?key=abc&page=2&sig=x%2Fy&next_page_token=n#access_token=t&b=1'
    const secret = /<redacted:secret:[0-9a-f]{10}>/g
    expect(createRedactor().url(url).replace(secret, '*')).toBe(
      'https://ada:*@example.com/a%20b?key=*&page=2&sig=*&next_page_token=n#access_token=*&b=1',
    )
    const plainUrl = 'https://example.com/?q=1#top'
    expect(createRedactor().url(plainUrl)).toBe(plainUrl)
  })

  it('knows rules and a mask of the user; a mask that throws hides the whole text', () => {
    const redactor = createRedactor({
      rules: [{ kind: 'Staff No.', pattern: /\bE-(?<secret>\d{4})\b/ }],
      mask: (text, { path }) => {
        if (text === 'boom') throw new Error(`secret ${text}`)
        return path === '$.name' ? 'somebody' : undefined
      },
    })
    expect(
      redactor.json({ name: 'Ada', staff: 'E-1234 and E-1234', x: ['boom'], args: '{"name": "Ada"}' }),
    ).toEqual({
      name: 'somebody',
      staff: expect.stringMatching(/^E-<redacted:staff-no:([0-9a-f]+)> and E-<redacted:staff-no:\1>$/),
      x: [expect.stringMatching(/^<redacted:masked:/)],
      args: '{"name": "somebody"}',
    })
  })

  it('reports kinds, counts and first places, and never the secret', () => {
    const redactor = createRedactor()
    redactor.json({
      messages: [{ content: `${key} ${key}` }, { arguments: JSON.stringify({ api_key: 'abc' }) }],
    })
    expect(redactor.report()).toEqual([
      { kind: 'anthropic-key', count: 2, places: ['$.messages[0].content', '$.messages[0].content'] },
      { kind: 'secret', count: 1, places: ['$.messages[1].arguments.api_key'] },
    ])
    expect(JSON.stringify(redactor.report())).not.toContain('abc')
  })

  it('finds places without taking anything out', () => {
    const redactor = createRedactor()
    expect(redactor.find(`{"a": [1, {"b": "${key}"}]}`)).toEqual([
      { kind: 'anthropic-key', at: 17, path: '$.a[1].b' },
    ])
    expect(redactor.find(`the ${key}`)).toEqual([{ kind: 'anthropic-key', at: 4 }])
    expect(redactor.report()).toEqual([])
  })

  it('survives what nests too deep, turns in circles or has keys that reach for the prototype', () => {
    let deep: unknown = key
    for (let level = 0; level < 5000; level++) deep = [deep]
    expect(JSON.stringify(createRedactor().json(deep))).not.toContain(key)
    expect(createRedactor().text(`${'['.repeat(5000)}"${key}"${']'.repeat(5000)}`)).not.toContain(key)
    const hostile: unknown = JSON.parse(`{"__proto__": {"a": "${key}"}, "b": "${key}"}`)
    expect(JSON.stringify(createRedactor().json(hostile))).toMatch(/^\{"__proto__":\{"a":"<red.*"b":"<red/)
  })

  it('is linear: a megabyte that is made to be slow takes seconds, not hours', { timeout: 120_000 }, () => {
    const begin = ['-----BEGIN', 'PRIVATE', 'KEY-----'].join(' ')
    const pieces = [
      'a',
      'sk-',
      key.slice(0, 7),
      'eyJa.eyJa',
      begin,
      '-----BEGIN',
      '://a:',
      'password=',
      'secret:secret:',
      'Cookie:',
      'password=\\"',
      '{"a":',
      '<redacted:',
      '1 ',
      'a@a.',
      'data: {"text":"sk-"}\n\n',
    ]
    for (const piece of pieces) {
      const text = piece.repeat(Math.ceil(1e6 / piece.length))
      const start = performance.now()
      createRedactor({ pii: true }).json({ text })
      createRedactor().chunks([text.slice(0, 9), text.slice(9)])
      expect({ piece, slow: performance.now() - start > 20_000 }).toEqual({ piece, slow: false })
    }
  })
})
