import type { ResponseFacts, SettledChoice } from '../../pipeline/settlement.js';

/**
 * What an answer of several parts said: named as the first part is, with the text of all, and with the end and the
 * usage of the last.
 *
 * @param swallowed characters of the last part's text that repeated the others
 */
export function joinedFacts(
  earlier: ResponseFacts,
  last: ResponseFacts,
  swallowed: number,
): ResponseFacts {
  const text = earlier.text + last.text.slice(swallowed);
  const [said] = earlier.choices;
  const [ending] = last.choices;
  const choice: SettledChoice = {
    index: 0,
    toolCalls: [],
    ...ending,
    text,
    reasoning: said?.reasoning,
  };
  return {
    ...last,
    id: earlier.id,
    model: earlier.model,
    choices: [choice],
    text,
    continued: true,
  };
}
