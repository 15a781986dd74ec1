import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { saidTo } from './said-yes.ts'

describe('a yes', () => {
  it.each([
    'Yes.',
    'yes, please proceed with that booking. Thank you!',
    'That sounds good. Please go ahead.',
    'No, I do not want insurance. Yes, please proceed.',
    'No problem, go ahead!',
    'Perfect, yes.',
    'I confirm. Please use my Visa card.',
    'Ja, bitte.',
    'Oui, je confirme.',
    'Sí, adelante.',
    'Sim, pode prosseguir.',
    'Sì, grazie',
    'Да, подтверждаю.',
    'Evet, onaylıyorum',
    'نعم، تفضل',
    'はい、お願いします。',
    '好的，请继续',
    '네, 진행해 주세요',
    'Vâng, đồng ý',
    'Yes – the second one.',
    'Yes, please cancel it. As for the upgrade, I’ll hold off on that.',
    'That’s fine. Please proceed with “No longer needed” as the reason.',
  ])('is %s', (text) => expect(saidTo(text)).toBe('yes'))
})

describe('a no', () => {
  it.each([
    'No.',
    'No, thank you.',
    'Yes, but do not proceed yet.',
    'Yes. Actually, wait, what does it cost?',
    'Not yet, please.',
    'Nein, danke.',
    'Ja, aber noch nicht.',
    'Non merci',
    'Нет.',
    'いいえ、結構です。',
    '不要',
    "Please don't go ahead.",
  ])('is %s', (text) => expect(saidTo(text)).toBe('no'))
})

describe('no word to the proposal', () => {
  it.each([
    'I would like to cancel my flight.',
    'Yesterday I bought a lamp.',
    "I'll take the first option.",
    'Yes only if it is free',
    'My user id is mia_li_3668.',
    'si',
    '',
    'Is that okay?',
    'No longer needed.',
    'The reason is "yes".',
    'No extra baggage, and no insurance.',
  ])('is %s', (text) => expect(saidTo(text)).toBe('neither'))
})

it('reads anything, quickly', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 2_000, unit: 'grapheme' }), (text) => {
      expect(['yes', 'no', 'neither']).toContain(saidTo(text))
    }),
    { seed: 42, numRuns: 200 },
  )
  expect(saidTo('yes if '.repeat(100_000))).toBe('neither')
})
