import { type Answer, jsonAnswer, sseAnswer } from '../answer.js';
import { type JsonObject, numberOf } from '../json.js';
import { estimateTokens, promptText } from '../model/prompt.js';
import type { RouteContext } from '../route.js';
import { typedEvent } from '../sse.js';
import { FIXED_CREATED } from '../state.js';
import { formPart } from './files.js';

/** The smallest picture there is: one transparent pixel as PNG, in base64. */
const PIXEL =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==';

/** `POST /images/generations`, `/images/edits` and `/images/variations`: one-pixel pictures, also as a stream. */
export function images({ request, body, reply }: RouteContext): Answer {
  const prompt = formPart(request, 'prompt')?.text ?? promptText(body);
  const usage = imageUsage(reply.usage?.inputTokens ?? estimateTokens(prompt));
  if (body.stream === true || formPart(request, 'stream')?.text === 'true') {
    return imageStream(request.path.includes('/edits') ? 'image_edit' : 'image_generation', usage);
  }
  const count = numberOf(body.n, Number(formPart(request, 'n')?.text ?? 1));
  const asUrl = body.response_format === 'url';
  const data = Array.from({ length: count }, (_, index) => {
    return asUrl ? { url: `https://images.example/${index + 1}.png` } : { b64_json: PIXEL };
  });
  return jsonAnswer('openai', { created: FIXED_CREATED, data, usage });
}

function imageStream(kind: string, usage: JsonObject): Answer {
  const picture = { b64_json: PIXEL, created_at: FIXED_CREATED, size: '1024x1024', quality: 'low' };
  const shape = { ...picture, background: 'transparent', output_format: 'png' };
  return sseAnswer('openai', [
    typedEvent({ type: `${kind}.partial_image`, ...shape, partial_image_index: 0 }),
    typedEvent({ type: `${kind}.completed`, ...shape, usage }, 'marker'),
  ]);
}

function imageUsage(textTokens: number): JsonObject {
  return {
    input_tokens: textTokens,
    input_tokens_details: { text_tokens: textTokens, image_tokens: 0 },
    output_tokens: 196,
    total_tokens: textTokens + 196,
  };
}
