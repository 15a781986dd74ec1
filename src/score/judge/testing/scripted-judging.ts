import type { Judging, Question, Verdict } from '../judge.ts'

/** Answers with words of each question's own vocabulary, in the order they are given. */
export function scripted(words: readonly string[]): Judging & { left(): number } {
  const open = [...words]
  return {
    left: () => open.length,
    verdict: async (question) => verdictOf(question, open.shift()),
  }
}

function verdictOf({ vocabulary, model }: Question, word: string | undefined): Verdict {
  const means = word === undefined ? undefined : vocabulary[word]
  if (means === undefined) return { unjudged: 'not recorded', why: 'the script ends here' }
  if (means === 'abstain') return { unjudged: 'abstain', why: 'the judge cannot tell' }
  return { verdict: means, critique: `It says ${word}.`, model: model.model, tries: 1, recorded: true }
}
