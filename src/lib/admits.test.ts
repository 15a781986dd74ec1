import { describe, expect, it } from 'vitest'
import { admits, isEnglish } from './admits.ts'

describe('admits', () => {
  it.each([
    'I could not reach the shop.',
    'Sorry, please try again later.',
    'Your refund wasn’t possible: the payment service is unavailable.',
    'Request timed out',
    'FAILED',
    'There seems to be an issue with the gift card balance.',
    'The channel does not exist.',
    'No e-mails with that subject were found, no files found either.',
    'The balance is not sufficient.',
    'No such order.',
    { status: 'ok', error: 'no stock' },
    { success: false },
    { parts: [{ text: 'We are unable to help.' }] },
    ['fine', 'an error happened'],
  ])('hears it in %j', (answer) => {
    expect(admits(answer)).toBe(true)
  })

  it.each([
    'Refunded W12.',
    'Your order was sent on Tuesday.',
    'Erroneous? Unfailing.',
    'I know no better hotel. We have found it.',
    '',
    null,
    undefined,
    7,
    true,
    { ok: true, error: null },
    { order: 'W12', usd: 18, lines: [] },
  ])('does not hear it in %j', (answer) => {
    expect(admits(answer)).toBe(false)
  })

  it('looks at megabytes in no time', () => {
    expect(admits(`${'x '.repeat(5_000_000)} error`)).toBe(false)
  })
})

describe('isEnglish', () => {
  it.each([
    '',
    'Done.',
    'Order W12: 3 items, 18 USD',
    'Your order was sent on Tuesday, and it will be there by Friday.',
    'I have updated the reservation. Total: 321 USD',
  ])('takes %j for it', (text) => {
    expect(isEnglish(text)).toBe(true)
  })

  it.each([
    'Ihre Bestellung wurde am Dienstag verschickt und kommt am Freitag.',
    'Su pedido fue enviado el martes y llegará el viernes por la tarde.',
    'ご注文は火曜日に発送されました。',
    'Ваш заказ отправлен во вторник и придёт в пятницу.',
  ])('does not take %j for it', (text) => {
    expect(isEnglish(text)).toBe(false)
  })
})
