import type { Shape } from './shapes.ts'

/**
 * What tells a person, where it can be told by its look: e-mail addresses, telephone numbers, payment cards and bank
 * accounts. Asked for by `pii`, because an agent that looks customers up by their address needs it in a replay; names
 * and streets have no look, and need the mask hook.
 */
export const personal: readonly Shape[] = [
  {
    kind: 'email',
    cues: ['@'],
    pattern:
      /(?<![A-Za-z0-9._%+-])[A-Za-z0-9][A-Za-z0-9._%+-]{0,63}@(?:[A-Za-z0-9-]{1,63}\.){1,4}[A-Za-z]{2,24}(?![A-Za-z0-9])/g,
  },
  {
    kind: 'card',
    cues: [],
    pattern:
      /(?<![A-Za-z0-9._-])[2-6][0-9]{3}(?:[ -]?[0-9]{4}){2}[ -]?[0-9]{1,7}(?![A-Za-z0-9_])|(?<![A-Za-z0-9._-])3[47][0-9]{2}[ -]?[0-9]{6}[ -]?[0-9]{5}(?![A-Za-z0-9_])/g,
    holds: isCard,
  },
  {
    kind: 'iban',
    cues: [],
    pattern: /(?<![A-Za-z0-9])[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?(?![A-Za-z0-9])/g,
    holds: isIban,
  },
  {
    kind: 'phone',
    cues: [],
    // With its country's +, or grouped as people write it: a bare run of digits is an id.
    pattern:
      /(?<![\w.+-])(?:\+[1-9][0-9]{0,2}[ .-]?(?:\([0-9]{1,4}\)[ .-]?)?[0-9]{1,4}(?:[ .-]?[0-9]{2,4}){1,4}|\([0-9]{3}\) ?[0-9]{3}[ .-][0-9]{4}|[0-9]{3}[.-][0-9]{3}[.-][0-9]{4})(?![\w-])/g,
    holds: (text) => {
      const digits = text.replace(/\D/g, '').length
      return digits >= 9 && digits <= 15
    },
  },
]

/** 13 to 19 digits whose check digit is right (ISO/IEC 7812-1, Luhn). */
export function isCard(text: string): boolean {
  const digits = text.replace(/[ -]/g, '')
  if (!/^[0-9]{13,19}$/.test(digits)) return false
  let sum = 0
  for (let at = 0; at < digits.length; at++) {
    const digit = Number(digits[digits.length - 1 - at])
    const doubled = at % 2 === 1 ? digit * 2 : digit
    sum += doubled > 9 ? doubled - 9 : doubled
  }
  return sum % 10 === 0 && new Set(digits).size > 1
}

/** 15 to 34 characters whose remainder by 97 is 1 (ISO 13616, ISO/IEC 7064). */
function isIban(text: string): boolean {
  const account = text.replaceAll(' ', '')
  if (account.length < 15 || account.length > 34) return false
  let rest = 0
  for (const char of account.slice(4) + account.slice(0, 4)) {
    const value = Number.parseInt(char, 36)
    rest = (rest * (value > 9 ? 100 : 10) + value) % 97
  }
  return rest === 1
}
