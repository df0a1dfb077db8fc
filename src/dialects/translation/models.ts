/** What is known of models by their names, as far as requests differ by it. */

/** OpenAI's models that reason: they refuse sampling parameters, `stop` and probabilities, and take an effort. */
export function isOpenAIReasoning(model: string | undefined): boolean {
  return /(?:^|\/)(?:o\d|gpt-5|gpt-6)/.test(model ?? '') && !/chat/.test(model ?? '');
}

/** Whether such a model can be asked not to think (`none`), and to think beyond `high` (`xhigh`). */
export function knowsNone(model: string | undefined): boolean {
  return /(?:^|\/)gpt-(?:5\.[1-9]|6)/.test(model ?? '');
}

/** Whether such a model can be asked to think beyond `high`. */
export function knowsXhigh(model: string | undefined): boolean {
  return /(?:^|\/)gpt-(?:5\.[2-9]|6)/.test(model ?? '');
}
