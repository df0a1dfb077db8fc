import { isObject, type JsonObject, list, text } from '../../dialects/json.js';
import type { GatewayRequest } from '../../pipeline/contract.js';
import type { Target, Ticket } from '../../pipeline/target.js';
import { ASKED, ECHOED, type Manner, PREFILLED } from './overlap.js';

/** How every target is asked to go on: the user's next message, behind what was said. */
const GO_ON =
  'Your last message was cut off by a broken connection. Go on exactly where it stops, with the very next ' +
  'character, which may be a space or a line break, as if nothing had happened. Repeat nothing of what it says, ' +
  'and add no introduction and no remark.';

/**
 * A request that asks to go on after what was said, in the way every target understands: what was said as an
 * assistant message, and a user message behind it. {@link inWayOf} makes a prefill of it where the target that is
 * asked in the end takes one: which one that is, only its attempt knows.
 */
export function continuationOf(request: GatewayRequest, said: string): GatewayRequest {
  const { body, operation } = request;
  // Nothing to go on from: white space alone is no message, either.
  if (!isObject(body) || said.trim() === '') return request;
  const messages = list(body.messages);
  const last = messages.at(-1);
  // The caller's own beginning of the answer is part of it.
  const isBegun =
    isObject(last) &&
    last.role === 'assistant' &&
    (operation === 'messages' || last.prefix === true);
  const message = isBegun ? withText(last, said) : { role: 'assistant', content: said };
  const before = isBegun ? messages.slice(0, -1) : messages;
  return {
    ...request,
    body: { ...body, messages: [...before, message, { role: 'user', content: GO_ON }] },
  };
}

function withText({ prefix: _, ...message }: JsonObject, said: string): JsonObject {
  const { content } = message;
  if (typeof content === 'string') return { ...message, content: content + said };
  return { ...message, content: onLastText(content, (before) => before + said) };
}

/** Content parts with their last text changed, or with one more where they end with something else. */
function onLastText(content: unknown, change: (said: string) => string): readonly unknown[] {
  const parts = list(content);
  const last = parts.at(-1);
  if (!isObject(last) || last.type !== 'text')
    return [...parts, { type: 'text', text: change('') }];
  return [...parts.slice(0, -1), { ...last, text: change(text(last.text) ?? '') }];
}

/** Claude up to 4.5 takes a prefill; the later ones answer it with a 400. So does each with its thinking on. */
const CLAUDE_WITH_PREFILL =
  /claude-(?:instant|v?[123](?=[-.:@]|$)|(?:opus|sonnet|haiku)-4(?:[-.][015])?(?=[-@]\d{8}|-latest|$))/;

/** How a target goes on by itself with a last assistant message; `undefined` where it does not. */
function prefillOf({ operation, body }: GatewayRequest, { provider }: Target): Manner | undefined {
  if (!isObject(body)) return undefined;
  if (operation === 'chat') return provider.takesPrefix ? ECHOED : undefined;
  const thinks = isObject(body.thinking) && body.thinking.type !== 'disabled';
  if (operation !== 'messages' || thinks) return undefined;
  return CLAUDE_WITH_PREFILL.test(text(body.model) ?? '') ? PREFILLED : undefined;
}

/** How a target may be expected to answer a request that asks to go on. */
export function mannerOf(request: GatewayRequest, target: Target): Manner {
  return (asksInWords(request) && prefillOf(request, target)) || ASKED;
}

/** Whether it is still as {@link continuationOf} made it. */
function asksInWords({ body }: GatewayRequest): boolean {
  const last = isObject(body) ? list(body.messages).at(-1) : undefined;
  return isObject(last) && last.content === GO_ON;
}

/** A request that asks to go on, as the target that is asked understands it best. */
export function inWayOf(target: Target, request: GatewayRequest): GatewayRequest {
  const { body, operation } = request;
  if (!isObject(body) || !asksInWords(request) || !prefillOf(request, target)) return request;
  const messages = list(body.messages).slice(0, -1);
  const message = messages.at(-1);
  if (!isObject(message)) return request;
  const prefill =
    operation === 'chat' ? { ...message, prefix: true } : { ...message, content: trimmed(message) };
  return { ...request, body: { ...body, messages: [...messages.slice(0, -1), prefill] } };
}

/** Anthropic refuses a prefill that ends with white space. */
function trimmed({ content }: JsonObject): unknown {
  return typeof content === 'string'
    ? content.trimEnd()
    : onLastText(content, (said) => said.trimEnd());
}

/** Sends one attempt. */
type Send = (request: GatewayRequest, ticket: Ticket) => Promise<Response>;

/** Sends requests that ask to go on. At the caller's own target they are other requests than the one before. */
export function sendingOn(send: Send, target: Target, isOwn: boolean): Send {
  const key = isOwn ? `zerohop-${crypto.randomUUID()}` : undefined;
  return (request, ticket) => {
    const asked = inWayOf(target, request);
    return send(key === undefined ? asked : withIdempotencyKey(asked, key), ticket);
  };
}

/** Clients of the OpenAI SDK send one, the same for a whole call; no other request may be taken for the first. */
function withIdempotencyKey(request: GatewayRequest, key: string): GatewayRequest {
  const own = request.operation === 'chat' ? key : null;
  return { ...request, headers: { ...request.headers, 'idempotency-key': own } };
}
