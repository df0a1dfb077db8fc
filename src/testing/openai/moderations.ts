import { type Answer, jsonAnswer } from '../answer.js';
import type { JsonObject } from '../json.js';
import { contentText } from '../model/prompt.js';
import type { RouteContext } from '../route.js';

const categories = [
  'harassment',
  'harassment/threatening',
  'hate',
  'hate/threatening',
  'illicit',
  'illicit/violent',
  'self-harm',
  'self-harm/instructions',
  'self-harm/intent',
  'sexual',
  'sexual/minors',
  'violence',
  'violence/graphic',
];

/** `POST /moderations`. A text is flagged for violence when it contains `flag-me`. */
export function moderations({ body, state }: RouteContext): Answer {
  const inputs = Array.isArray(body.input) ? body.input : [body.input];
  const results = inputs.map((input) => moderate(contentText(input)));
  return jsonAnswer('openai', {
    id: state.nextId('modr-'),
    model: body.model ?? 'omni-moderation-latest',
    results,
  });
}

function moderate(text: string): JsonObject {
  const flagged = text.includes('flag-me');
  const isHit = (name: string): boolean => flagged && name === 'violence';
  const each = (value: (name: string) => unknown): JsonObject =>
    Object.fromEntries(categories.map((name) => [name, value(name)]));
  return {
    flagged,
    categories: each(isHit),
    category_scores: each((name) => (isHit(name) ? 0.97 : 0.0001)),
    category_applied_input_types: each(() => ['text']),
  };
}
