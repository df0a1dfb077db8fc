import { createHash } from 'node:crypto';

import { type Answer, errorAnswer, jsonAnswer } from '../answer.js';
import { numberOf, textOf } from '../json.js';
import { contentText, estimateTokens } from '../model/prompt.js';
import type { RouteContext } from '../route.js';

const DEFAULT_DIMENSIONS = 8;

/** `POST /embeddings`. The vector depends on the text alone; base64 and float carry the same numbers. */
export function embeddings({ body, reply }: RouteContext): Answer {
  const inputs = readInputs(body.input);
  if (inputs.length === 0) {
    return errorAnswer('openai', 400, { message: "'$.input' is invalid.", param: 'input' });
  }
  const dimensions = numberOf(body.dimensions, DEFAULT_DIMENSIONS);
  const tokens =
    reply.usage?.inputTokens ?? inputs.reduce((sum, input) => sum + estimateTokens(input), 0);
  const data = inputs.map((input, index) => {
    const vector = Float32Array.from(reply.embeddings?.[index] ?? embed(input, dimensions));
    const isBase64 = body.encoding_format === 'base64';
    return { object: 'embedding', index, embedding: isBase64 ? toBase64(vector) : [...vector] };
  });
  return jsonAnswer('openai', {
    object: 'list',
    data,
    model: reply.model ?? textOf(body.model, 'fake-embedding'),
    ...(reply.usage === null ? {} : { usage: { prompt_tokens: tokens, total_tokens: tokens } }),
  });
}

/** One text, several texts, one list of tokens, or several. */
function readInputs(input: unknown): readonly string[] {
  if (!Array.isArray(input)) return input === undefined ? [] : [contentText(input)];
  const isOneTokenList = input.length > 0 && input.every((item) => typeof item === 'number');
  return isOneTokenList ? [contentText(input)] : input.map(contentText);
}

/** A unit vector drawn from the text's digest. */
function embed(text: string, dimensions: number): readonly number[] {
  const digest = createHash('sha256').update(text).digest();
  const raw = Array.from({ length: dimensions }, (_, index) => {
    return (digest[index % digest.length] ?? 0) / 127.5 - 1 + index / 1e4;
  });
  const norm = Math.hypot(...raw);
  return raw.map((value) => value / norm);
}

function toBase64(vector: Float32Array): string {
  return Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength).toString('base64');
}
