import type { AnswerTranslator } from '../dialects/translation/answer-translator.js';
import {
  type ByteSource,
  collectSource,
  sourceFromBytes,
  sourceFromStream,
} from '../pipeline/byte-source.js';
import { emptyFacts } from '../pipeline/empty-facts.js';
import { GatewayError } from '../pipeline/errors.js';
import type { Exchange } from '../pipeline/exchange.js';
import { GatewayResponse, payloadSource } from '../pipeline/gateway-response.js';
import type { ResponseFacts, Usage } from '../pipeline/settlement.js';
import { type AnswerReading, noteLost, readingFor } from './answer-reading.js';
import type { AttemptLoop } from './attempt-loop.js';
import { streamFromBody } from './stream-from-body.js';
import { upstreamError } from './upstream-error.js';
import type { UpstreamStream } from './upstream-stream.js';

/** What an attempt answered: a body, or the bytes of a stream that nobody has read yet. */
export type Answer = BodyAnswer | EventsAnswer;

interface AnswerParts {
  readonly response: GatewayResponse;
  readonly exchange: Exchange;
  /** Whose attempt answered. */
  readonly loop: AttemptLoop;
}

/** An answer in one piece. */
export interface BodyAnswer extends AnswerParts {
  readonly kind: 'body';
  readonly facts: () => ResponseFacts;
  readonly usage: () => Usage | undefined;
}

/** The bytes of a stream, and what is to read them. */
export interface EventsAnswer extends AnswerParts {
  readonly kind: 'events';
  readonly source: ByteSource;
  readonly reading: AnswerReading;
  /** Reads it already: its first content was awaited. */
  readonly opened?: UpstreamStream | undefined;
}

const decoder = new TextDecoder();
const encoder = new TextEncoder();
const NOTHING = new Uint8Array(0);

/**
 * Reads an attempt's response as far as it must be read to know that it is an answer: at once where it is here already.
 * Throws, or rejects, if it is none.
 */
export function readAnswer(
  response: Response,
  reading: AnswerReading | undefined,
  loop: AttemptLoop,
  exchange: Exchange,
): Answer | Promise<Answer> {
  const adopted = adoptResponse(response);
  const { request, target } = loop.options;
  if (reading === undefined || target.wantsRawBody) {
    const { operation } = request;
    const facts = () => emptyFacts(operation, true);
    return { kind: 'body', response: adopted, facts, usage: () => undefined, exchange, loop };
  }
  const payload = adopted.takePayload();
  const parts = { response: adopted, reading, loop, exchange };
  if (payload.kind === 'bytes') return readWhole(payload.bytes ?? NOTHING, parts);
  const source = payloadSource(payload);
  if (!request.stream) return collectBody(source, loop).then((bytes) => readWhole(bytes, parts));
  refuseHtml(adopted, source);
  return { kind: 'events', source, ...parts };
}

/** Any response as one of ours. */
export function adoptResponse(response: Response): GatewayResponse {
  if (response instanceof GatewayResponse && response.peekPayload()) return response;
  const { status, statusText, headers, url, redirected, body } = response;
  return new GatewayResponse({
    status,
    statusText,
    headers,
    url,
    redirected,
    payload: body
      ? { kind: 'source', source: sourceFromStream(body) }
      : { kind: 'bytes', bytes: null },
  });
}

function refuseHtml(response: GatewayResponse, source: ByteSource): void {
  const contentType = response.headers.get('content-type') ?? '';
  if (!/^\s*text\/html/i.test(contentType)) return;
  source.cancel();
  throw malformed(response, 'text/html where a stream was asked for');
}

function malformed(response: Response, what: string, cause?: unknown): GatewayError {
  return new GatewayError(`the upstream answered ${response.status} with ${what}`, {
    code: 'zerohop_malformed',
    cause,
  });
}

function readWhole(
  bytes: Uint8Array,
  { response, reading, loop, exchange }: Omit<EventsAnswer, 'kind' | 'source' | 'opened'>,
): Answer {
  const text = decoder.decode(bytes);
  if (loop.options.request.stream && /^\s*(?:data|event|:)/.test(text)) {
    return { kind: 'events', response, source: sourceFromBytes(bytes), reading, exchange, loop };
  }
  const json = parseBody(text, response);
  const { reader, translator, dialect } = reading;
  if (reader.readBody(json) === 'error') throw upstreamError(loop.shownErrors, reading, response);
  const fresh = loop.options.request.stream ? readingFor(loop.options) : undefined;
  if (fresh) {
    const source = sourceFromBytes(streamFromBody(dialect, json));
    loop.options.context.decide('stream-from-body');
    return {
      kind: 'events',
      response: asEventStream(response),
      source,
      reading: fresh,
      exchange,
      loop,
    };
  }
  const payload = translator ? bodyOf(translator) : { bytes, text, json };
  if (translator) noteLost(loop.options, translator);
  const headers = jsonHeaders(response.headers, translator !== undefined);
  const filling = { kind: 'bytes', ...payload } as const;
  const whole =
    headers === response.headers
      ? response.refill(filling)
      : response.withPayload(filling, headers);
  let facts: ResponseFacts | undefined;
  // It is all here: whoever asks is told the same.
  const factsOnce = () => (facts ??= reader.facts());
  const usage = () => reader.usage();
  return { kind: 'body', response: whole, facts: factsOnce, usage, exchange, loop };
}

/** The response as it would have been labelled, had it been the stream that was asked for. */
function asEventStream(response: GatewayResponse): GatewayResponse {
  const headers = new Headers(response.headers);
  headers.set('content-type', 'text/event-stream; charset=utf-8');
  headers.delete('content-length');
  return response.withPayload({ kind: 'bytes', bytes: null }, headers);
}

function parseBody(text: string, response: Response): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The parser's own message quotes the body, so it is not kept.
    const contentType = response.headers.get('content-type')?.split(';')[0] ?? 'no content-type';
    throw malformed(response, text === '' ? 'an empty body' : `${contentType} that is not JSON`);
  }
}

/** A translated answer, as the body it would have come in. */
function bodyOf(translator: AnswerTranslator) {
  const json = translator.body();
  const text = JSON.stringify(json);
  return { bytes: encoder.encode(text), text, json };
}

/** JSON that was labelled as something else is JSON to the SDK, too. */
function jsonHeaders(headers: Headers, isAnother: boolean): Headers {
  if (!isAnother && /^\s*[^;]*json/i.test(headers.get('content-type') ?? '')) return headers;
  const labelled = new Headers(headers);
  labelled.set('content-type', 'application/json');
  if (isAnother) labelled.delete('content-length');
  return labelled;
}

/** The whole body of a response that came another way than from our transport. */
async function collectBody(source: ByteSource, loop: AttemptLoop): Promise<Uint8Array> {
  const { context, maxBodyBytes, target } = loop.options;
  const interrupted = Promise.withResolvers<never>();
  const stop = context.clock.timer(target.timeoutMs, () =>
    interrupted.reject(
      new GatewayError('the body did not come in time', { code: 'zerohop_timeout' }),
    ),
  );
  const onAbort = () => interrupted.reject(context.signal.reason);
  context.signal.addEventListener('abort', onAbort, { once: true });
  try {
    const collected = collectSource(
      source,
      maxBodyBytes,
      () =>
        new GatewayError(`response body passed ${maxBodyBytes} bytes (limits.maxBodyBytes)`, {
          code: 'zerohop_limit',
        }),
    );
    return await Promise.race([collected, interrupted.promise]);
  } catch (error) {
    source.cancel(error);
    throw error;
  } finally {
    stop();
    context.signal.removeEventListener('abort', onAbort);
  }
}
