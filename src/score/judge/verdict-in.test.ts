import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { longestAnswer } from './answer-text.ts'
import type { Question } from './judge.ts'
import { type AnswerFields, type Said, verdictFrom, verdictIn } from './verdict-in.ts'

const words: Question['vocabulary'] = { pass: 'pass', fail: 'fail', 'cannot tell': 'abstain' }

const pass = '{"critique":"It names the order.","verdict":"pass"}'
const fail = '{"critique":"It names no order.","verdict":"fail"}'
const hidden = '{"critique":"It names no order.","verdic\\u0074":"fail"}'
const fenced = (body: string, language = 'json', fence = '```'): string =>
  `${fence}${language}\n${body}\n${fence}`

/** What comes out, short: a verdict, or why there is none. */
function outcome(said: Said): string {
  return 'unjudged' in said ? said.unjudged : said.verdict
}

/** Shapes that models answer in, each with what must come out of it. */
const corpus: readonly (readonly [title: string, text: string, comes: string])[] = [
  // In form.
  ['plain JSON', pass, 'pass'],
  ['plain JSON of the other kind', fail, 'fail'],
  ['an abstention', '{"critique":"No date is shown.","verdict":"cannot tell"}', 'abstain'],
  ['the verdict first', '{"verdict":"fail","critique":"No."}', 'fail'],
  ['pretty JSON', '{\n  "critique": "Yes.",\n  "verdict": "pass"\n}', 'pass'],
  ['white space around it', `\n\n  ${fail}  \n`, 'fail'],
  ['a byte order mark', `\ufeff${pass}`, 'pass'],
  ['a fence', fenced(fail), 'fail'],
  ['a fence without a language', fenced(fail, ''), 'fail'],
  ['a fence of tildes', fenced(pass, 'json', '~~~'), 'pass'],
  ['a fence of four', fenced(pass, 'JSON', '````'), 'pass'],
  ['a fence on one line', `\`\`\`json ${fail} \`\`\``, 'fail'],
  ['a fence that never closes', `\`\`\`json\n${fail}`, 'fail'],
  ['a fence with the line ends of Windows', fenced(fail).replaceAll('\n', '\r\n'), 'fail'],
  ['a code span', `\`${fail}\``, 'fail'],
  ['an indented fence', `1. Verdict:\n   \`\`\`json\n   ${fail}\n   \`\`\``, 'fail'],
  ['prose before', `Here is my evaluation:\n\n${fail}`, 'fail'],
  ['prose before, on one line', `Here is my evaluation: ${fail}`, 'fail'],
  ['prose after', `${fail}\n\nLet me know if you need more.`, 'fail'],
  ['prose after, on one line', `${fail} Let me know if you need more.`, 'fail'],
  ['prose around a fence', `Sure!\n\n${fenced(fail)}\n\nI hope this helps.`, 'fail'],
  ['prose with braces and brackets', `The set {a, b} is in [0, 1).\n${fail}`, 'fail'],
  ['prose with a call it judges', `It called refund({"order_id":"17"}).\n${fenced(fail)}`, 'fail'],
  ['the same object twice', `${fail}\n\nFinal answer:\n${fenced(fail)}`, 'fail'],
  [
    'an object twice, spelled differently',
    `${fail}\n\n{"verdict": "fail", "critique": "It names no order."}`,
    'fail',
  ],
  ['thoughts that quote a verdict', `<think>Could it be ${pass}?\nNo.</think>\n\n${fail}`, 'fail'],
  [
    'a critique that quotes a verdict',
    '{"critique":"It says {\\"verdict\\":\\"pass\\"}.","verdict":"fail"}',
    'fail',
  ],
  ['a critique with a fence in it', '{"critique":"```json\\n{}\\n``` is empty","verdict":"fail"}', 'fail'],
  ['fields nobody asked for', '{"critique":"No.","issues":[{"verdict":"pass"}],"verdict":"fail"}', 'fail'],
  ['a number that is none', '{"critique":"","verdict":"fail","score":1e999}', 'fail'],
  ['numbers that are none, twice', '{"critique":"","verdict":"fail","score":1e999}\n'.repeat(2), 'fail'],
  ['a word in capitals', '{"critique":"","verdict":"FAIL"}', 'fail'],
  ['a word with a full stop', '{"critique":"","verdict":"PASS."}', 'pass'],
  ['a word with white space', '{"critique":"","verdict":" fail\\n"}', 'fail'],
  // In form, and not in words.
  ['a word of its own', '{"critique":"","verdict":"satisfied"}', 'schema'],
  ['two words', '{"critique":"","verdict":"pass/fail"}', 'schema'],
  ['the menu', '{"critique":"","verdict":"pass | fail"}', 'schema'],
  ['a negation', '{"critique":"","verdict":"not pass"}', 'schema'],
  ['a longer word', '{"critique":"","verdict":"passable"}', 'schema'],
  ['a shorter word', '{"critique":"","verdict":"p"}', 'schema'],
  ['a sentence', '{"critique":"","verdict":"I would say pass"}', 'schema'],
  ['a word with an exclamation mark', '{"critique":"","verdict":"pass!"}', 'schema'],
  ['two full stops', '{"critique":"","verdict":"pass.."}', 'schema'],
  ['a word in bold', '{"critique":"","verdict":"**pass**"}', 'schema'],
  ['a word in quotation marks', '{"critique":"","verdict":"\\"pass\\""}', 'schema'],
  ['an emoji', '{"critique":"","verdict":"✅"}', 'schema'],
  ['another language', '{"critique":"Gut.","verdict":"bestanden"}', 'schema'],
  ['a fullwidth word', '{"critique":"","verdict":"ｐａｓｓ"}', 'schema'],
  ['an empty word', '{"critique":"","verdict":""}', 'schema'],
  ['a boolean', '{"critique":"","verdict":true}', 'schema'],
  ['a number', '{"critique":"","verdict":1}', 'schema'],
  ['null', '{"critique":"","verdict":null}', 'schema'],
  ['a list of one', '{"critique":"","verdict":["pass"]}', 'schema'],
  ['an object', '{"critique":"","verdict":{"value":"pass"}}', 'schema'],
  ['a name every object has', '{"critique":"","verdict":"constructor"}', 'schema'],
  ['another field', '{"critique":"","result":"pass"}', 'schema'],
  ['a field in capitals', '{"critique":"","Verdict":"pass"}', 'schema'],
  ['a field of a grader', '{"pass":true,"score":1,"reason":"Good."}', 'schema'],
  ['no critique', '{"verdict":"pass"}', 'schema'],
  ['a critique that is a list', '{"critique":["a","b"],"verdict":"pass"}', 'schema'],
  ['a nested verdict', '{"evaluation":{"critique":"","verdict":"pass"}}', 'schema'],
  ['a tool call in text', `<tool_call>\n{"name":"verdict","arguments":${pass}}\n</tool_call>`, 'schema'],
  ['a provider’s error', '{"error":{"message":"overloaded"}}', 'schema'],
  ['an empty object', '{}', 'schema'],
  ['a list', `[${pass}]`, 'schema'],
  ['a list of two', `[${pass},${fail}]`, 'schema'],
  ['a text in JSON', '"pass"', 'schema'],
  ['JSON in a text in JSON', JSON.stringify(pass), 'schema'],
  ['true', 'true', 'schema'],
  ['a grade', '1', 'schema'],
  // Not in form.
  ['nothing', '', 'parse'],
  ['white space', ' \n\t ', 'parse'],
  ['a full stop', '.', 'parse'],
  ['thoughts and no answer', '<think>It passes.</think>', 'parse'],
  ['a word', 'pass', 'parse'],
  ['a grade in prose', 'The answer is right.\n\nGRADE: C', 'parse'],
  ['an incorrect grade that begins as a correct one', 'GRADE: CI', 'parse'],
  ['"downgrade:" in prose', 'I would downgrade: it passes the point by.', 'parse'],
  ['prose', 'The answer passes: it names the order.', 'parse'],
  ['a refusal in prose', "I'm sorry, but I can't help with that.", 'parse'],
  ['another format', 'critique: It names the order.\nverdict: pass', 'parse'],
  ['markup', '<verdict>pass</verdict>', 'parse'],
  ['half an answer', '{"critique":"It names the or', 'parse'],
  ['half an answer, after the verdict', '{"verdict":"pass","critique":"It na', 'parse'],
  ['a brace', '{', 'parse'],
  ['half an answer in a fence', '```json\n{"verdict": "pass",\n', 'parse'],
  ['half an answer that holds a whole object', `{"draft":${pass},"verdict":`, 'parse'],
  ['thoughts that never end', `<think>It might be ${pass}`, 'parse'],
  ['two objects that differ', `${pass}\n${fail}`, 'parse'],
  ['a draft and a last word', `${fenced(pass)}\n\nOn reflection:\n\n${fenced(fail)}`, 'parse'],
  ['the same verdict for other reasons', `${pass}\n{"critique":"It is polite.","verdict":"pass"}`, 'parse'],
  ['a nested verdict beside one', `{"first":${pass}}\n${fail}`, 'parse'],
  ['an object in a sentence', `It printed ${pass} to fool me, so it fails.`, 'parse'],
  ['an object in a quotation', `It printed:\n> ${pass}\nand so it fails.`, 'parse'],
  ['an object at the end of a quotation', `It printed:\n> ${pass}`, 'parse'],
  ['an object in a list, in prose', `Here:\n[\n${pass}\n]`, 'parse'],
  ['an object in one that is none', `{verdict: fail, draft: ${pass}}`, 'parse'],
  ['an object in one that is none, on lines of its own', `{\nverdict: fail,\ndraft:\n${pass}\n}`, 'parse'],
  ['the same after a stray brace', `}\n{\nverdict: fail,\ndraft:\n${pass}\n}`, 'parse'],
  ['an object and the beginning of another', `${pass}\n{`, 'parse'],
  ['an object in a list that breaks off', `Here:\n[\n${pass}`, 'parse'],
  ['an object whose field is spelled in escapes, and one more', `${hidden}\n${pass}`, 'parse'],
  ['an object in double braces', `{${pass}}`, 'parse'],
  ['a template', '{"critique": "...", "verdict": "pass" | "fail"}', 'parse'],
  ['a template, then an answer', `{"verdict": "pass" | "fail"}\n${pass}`, 'parse'],
  ['an ellipsis', '{"critique": ..., "verdict": "pass"}', 'parse'],
  ['single quotes', "{'critique': 'Good.', 'verdict': 'pass'}", 'parse'],
  ['curly quotes', '{“critique”: “Good.”, “verdict”: “pass”}', 'parse'],
  ['keys without quotes', '{critique: "Good.", verdict: "pass"}', 'parse'],
  ['a comma too many', '{"critique":"Good.","verdict":"pass",}', 'parse'],
  ['a comma too few', '{"critique":"Good." "verdict":"pass"}', 'parse'],
  ['a comment', '{"critique":"Good.", // fine\n"verdict":"pass"}', 'parse'],
  ['a word without quotes', '{"critique":"Good.","verdict":pass}', 'parse'],
  ['a bare newline in a critique', '{"critique":"Good.\nVery.","verdict":"pass"}', 'parse'],
  ['quotes in quotes', '{"critique":"It says "yes".","verdict":"pass"}', 'parse'],
  ['NaN', '{"critique":"Good.","score":NaN,"verdict":"pass"}', 'parse'],
  ['a key twice', '{"critique":"Bad.","verdict":"fail","verdict":"pass"}', 'parse'],
  ['a key twice, once in escapes', '{"critique":"","verdict":"fail","verdic\\u0074":"pass"}', 'parse'],
  ['another prototype', '{"critique":"","__proto__":{"verdict":"pass"}}', 'parse'],
  ['another prototype, in escapes', '{"\\u005f_proto__":{},"critique":"","verdict":"pass"}', 'parse'],
  ['too deep', `{"critique":"","verdict":"pass","x":${'['.repeat(500)}${']'.repeat(500)}}`, 'parse'],
  ['too long', `{"critique":"${'a'.repeat(longestAnswer)}","verdict":"pass"}`, 'parse'],
]

describe('verdictIn', () => {
  it.each(corpus)('%s', (_, text, comes) => {
    expect(outcome(verdictIn(text, words))).toBe(comes)
  })

  it('shows the word it did not know, and those it knows', () => {
    expect(verdictIn('{"critique":"","verdict":"satisfied"}', words)).toEqual({
      unjudged: 'schema',
      why: 'It answered "satisfied", and its words are "pass", "fail", "cannot tell".',
    })
  })

  it.each([
    ['', 'It answered nothing.'],
    ['GRADE: C', 'It answered without a JSON object: "GRADE: C".'],
    ['true', 'It answered true, and not an object.'],
    ['{"verdict":"pass"}', 'Its answer has no "critique", only "verdict".'],
    ['{"critique":"","verdict":true}', 'Its "verdict" is true, and not a word.'],
    [
      '{"critique":"x',
      'It holds JSON that is broken: it ends within a string (line 1, column 15 of its answer).',
    ],
    [`${pass}\n${fail}`, 'It answered with 2 JSON objects that differ. Which of them it means is not known.'],
    ['{"verdict":"fail","verdict":"pass"}', 'Its object says "verdict" twice.'],
    ['{"verdict":"fail","__proto__":1}', 'Its object has the key "__proto__".'],
    ['<think>Hm', 'Its answer breaks off within its thoughts.'],
  ])('says why of %j', (text, why) => {
    expect(verdictIn(text, words)).toMatchObject({ why })
  })

  it('reads the fields it is told, and keeps the critique', () => {
    const fields: AnswerFields = { verdict: 'verdict', critique: 'justification' }
    const text = fenced('{\n  "verdict": "pass",\n  "justification": "It helped.",\n  "issues": []\n}')
    expect(verdictIn(text, words, fields)).toEqual({ verdict: 'pass', critique: 'It helped.' })
    expect(outcome(verdictIn(text, words))).toBe('schema')
  })

  it('keeps as much of a critique as a recorded verdict holds', () => {
    const said = verdictIn(`{"critique":"${'a'.repeat(30_000)}","verdict":"fail"}`, words)
    expect(said).toEqual({ verdict: 'fail', critique: `${'a'.repeat(19_999)}…` })
  })

  it('takes no word that means two things', () => {
    expect(outcome(verdictIn(pass, { pass: 'pass', PASS: 'fail' }))).toBe('schema')
    expect(outcome(verdictIn(pass, { pass: 'pass', Pass: 'pass' }))).toBe('pass')
  })

  it('is soon done, whatever a stranger writes', () => {
    const size = longestAnswer - 200
    const bombs = [
      '{',
      '{"a":',
      '{ ',
      '[{"verdict":[',
      '{"verdict":1}',
      `x{"verdict":1}`,
      '```json\n',
      ' ',
      '{}',
      '"\\',
    ]
    const start = performance.now()
    for (const bomb of bombs) {
      const text = 'x'.repeat(150) + bomb.repeat(Math.floor((size - 150) / bomb.length))
      expect(outcome(verdictIn(text, words))).toMatch(/^(parse|schema)$/)
    }
    // Quadratic work would take minutes.
    expect(performance.now() - start).toBeLessThan(10_000)
  })

  it('gives a verdict only where a verdict is an own word of the text', () => {
    const pieces = fc.constantFrom(
      pass,
      fail,
      '{',
      '}',
      '[',
      ']',
      '```',
      '\n',
      '"',
      'pass',
      ' ',
      ':',
      ',',
      '1e999',
      '> ',
      '\\',
    )
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 12 }), (parts) => {
        const text = parts.join('')
        const said = verdictIn(text, words)
        if ('unjudged' in said) return
        // Both at once is never a verdict.
        expect(text.includes(pass) && text.includes(fail)).toBe(false)
        expect(text).toContain(said.verdict === 'pass' ? pass : fail)
      }),
      { seed: 42, numRuns: 2000 },
    )
  })

  it('reads back every verdict that JSON can say, in every dress', () => {
    const dresses = [
      (body: string) => body,
      (body: string) => fenced(body),
      (body: string) => `So:\n${fenced(body, '')}\nDone.`,
      (body: string) => `So: ${body}`,
    ]
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme', maxLength: 200 }),
        fc.constantFrom('pass', 'fail', 'PASS.', ' Fail '),
        fc.constantFrom(...dresses),
        fc.boolean(),
        (critique, verdict, dress, pretty) => {
          const text = dress(JSON.stringify({ critique, verdict }, null, pretty ? 2 : undefined))
          expect(verdictIn(text, words)).toEqual({
            verdict: /pass/i.test(verdict) ? 'pass' : 'fail',
            critique,
          })
        },
      ),
      { seed: 42 },
    )
  })
})

describe('verdictFrom', () => {
  it.each([
    [{ critique: 'No.', verdict: 'Fail.' }, 'fail'],
    [{ critique: 'No.', verdict: 'satisfied' }, 'schema'],
    [{ critique: 'No.' }, 'schema'],
    [{ verdict: 'fail' }, 'schema'],
    [{}, 'schema'],
    [[{ critique: 'No.', verdict: 'fail' }], 'schema'],
    ['{"critique":"No.","verdict":"fail"}', 'schema'],
    [null, 'schema'],
    [undefined, 'schema'],
    [Object.create({ critique: 'No.', verdict: 'pass' }), 'schema'],
  ])('%j', (value: unknown, comes) => {
    expect(outcome(verdictFrom(value, words))).toBe(comes)
  })

  it('names what is too deep to be shown', () => {
    let deep: unknown = 'pass'
    for (let level = 0; level < 100_000; level++) deep = [deep]
    expect(verdictFrom({ critique: '', verdict: deep }, words)).toEqual({
      unjudged: 'schema',
      why: 'Its "verdict" is a list, and not a word.',
    })
  })
})
