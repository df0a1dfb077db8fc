/** What is known of models by their names, as far as requests differ by it. */

/** OpenAI's models that reason: they refuse sampling parameters, `stop` and probabilities, and take an effort. */
export function isOpenAIReasoning(model: string | undefined): boolean {
  return /(?:^|\/)(?:o\d|gpt-5|gpt-6)/.test(model ?? '') && !/chat/.test(model ?? '');
}

/** Whether such a model can be asked not to think. */
function knowsNone(model: string | undefined): boolean {
  return /(?:^|\/)gpt-(?:5\.[1-9]|6)/.test(model ?? '');
}

/** Whether such a model can be asked to think beyond `high`. */
function knowsXhigh(model: string | undefined): boolean {
  return /(?:^|\/)gpt-(?:5\.[2-9]|6)/.test(model ?? '');
}

/** The effort that a model of OpenAI's knows. */
export function nearestEffort(effort: string, model: string | undefined): string {
  if (effort === 'none' && !knowsNone(model)) return /gpt-5/.test(model ?? '') ? 'minimal' : 'low';
  if (effort === 'minimal' && (knowsNone(model) || !/gpt-5/.test(model ?? ''))) return 'low';
  if (effort === 'max' || effort === 'xhigh') return knowsXhigh(model) ? 'xhigh' : 'high';
  return effort;
}
