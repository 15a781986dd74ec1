import { describe, expect, it } from 'vitest'
import { sameJson } from '../lib/json.ts'
import { textMessage } from '../schema/message.ts'
import { defaultNormalizers } from '../schema/normalizers.ts'
import { recordingWith, says } from '../schema/testing/recordings.ts'
import { wires } from '../tap/wire/index.ts'
import { matcher } from './match.ts'
import { blankTexts, tokenPairs } from './volatile-text.ts'

const uuid = '0f8fad5b-d9cb-469f-a165-70867728950e'
const other = '7c9e6679-7425-40de-944b-e07fc1f90ae7'
const texts = (...content: string[]) => ({ messages: content.map((one) => ({ role: 'user', content: one })) })
const path = 'messages[0].content'
const blanked = (content: string) => blankTexts(texts(content), [path])

describe('blankTexts', () => {
  it.each([
    ['a UUID', `id ${uuid}`, `id ${other}`],
    ['a time', 'now 2026-01-01T10:00:00Z!', 'now 2026-11-28T16:20:01.123+01:00!'],
    ['a date', 'Today is 2026-01-01.', 'Today is 2026-11-28.'],
    ['a time of day', 'at 10:00', 'at 16:20:01'],
    ['a Unix time', 'at=1700000000', 'at=1800000000000'],
    ['a hash', 'sha 0123456789abcdef', 'sha fedcba98765432100'],
  ])('takes out %s', (_, recorded, live) => {
    expect(sameJson(blanked(recorded).value, blanked(live).value)).toBe(true)
    expect(blanked(recorded).tokens).toHaveLength(1)
  })

  it.each([
    ['a short number', 'order 123', 'order 124'],
    ['a word', 'deadbeef', 'deadbeet'],
    ['the text around', `id ${uuid}`, `Id ${uuid}`],
    ['ids of two kinds', `id ${uuid}`, 'id 1700000000'],
    ['a date and a time', 'on 2026-01-01', 'on 2026-01-01T10:00Z'],
    ['one id more', `id ${uuid}`, `id ${uuid} ${uuid}`],
  ])('compares %s', (_, recorded, live) => {
    expect(sameJson(blanked(recorded).value, blanked(live).value)).toBe(false)
  })

  it('looks where it is told to, and nowhere else', () => {
    const value = texts(uuid, uuid)
    expect(blankTexts(value, ['messages[1].content']).value).toMatchObject({
      messages: [{ content: uuid }, {}],
    })
    expect(blankTexts(value, ['messages[*].content']).tokens).toEqual([uuid, uuid])
    expect(blankTexts(value, ['messages', 'none', '[', 'messages[9].content'])).toEqual({ value, tokens: [] })
  })
})

it('binds ids, and only takes out what is short', () => {
  const recorded = blanked(`${uuid} on 2026-01-01`)
  expect(tokenPairs(recorded, blanked(`${other} on 2026-11-28`))).toEqual([{ recorded: uuid, live: other }])
  expect(tokenPairs(recorded, blanked(uuid))).toBeUndefined()
})

describe('a model request', () => {
  const asked = (id: string, more = '') => ({
    messages: [textMessage('user', `Session ${id}: refund it.${more}`)],
  })
  const normalizers = { ...defaultNormalizers, model: [path] }
  const recording = recordingWith([
    { kind: 'llm', request: asked(uuid), reply: says(`Refunded in ${uuid}.`) },
    { kind: 'llm', request: asked(uuid, ' Again.'), reply: says('No.') },
  ])
  const wire = wires['openai-chat']

  it('is found under its new id, which stands in the reply', () => {
    const found = matcher(recording, { normalizers }).llm(1, asked(other), wire)
    expect(found).toMatchObject({
      served: 'normalized',
      normalizers: ['volatile'],
      call: { reply: says(`Refunded in ${other}.`) },
    })
    expect(matcher(recording).llm(1, asked(other), wire)).toHaveProperty('miss')
  })

  it('has one id from then on', () => {
    const match = matcher(recording, { normalizers })
    match.llm(1, asked(other), wire)
    const third = '9b2f1d7a-1111-4222-8333-444455556666'
    expect(match.llm(2, asked(third, ' Again.'), wire)).toHaveProperty('miss')
    expect(match.llm(3, asked(other, ' Again.'), wire)).toHaveProperty('served')
  })
})
