import {
  type Answer,
  bytesAnswer,
  type Dialect,
  errorAnswer,
  jsonAnswer,
  sseAnswer,
  withHeaders,
} from './answer.js';
import { applyFaults, mergePacing } from './faults/apply-faults.js';
import type { Fault } from './faults/fault.js';
import { parseFaults } from './faults/parse-fault.js';
import { usualHeaders } from './headers.js';
import { objectOf } from './json.js';
import type { RecordedRequest } from './recorded-request.js';
import type { Replier, Reply } from './reply.js';
import { type EnqueueOptions, ReplyQueue, resolveReplier } from './reply-queue.js';
import { RequestLog } from './request-log.js';
import { findRoute, isAnthropic } from './routes.js';
import { scriptedEvent } from './sse.js';
import { createState } from './state.js';
import { refuseRequest } from './strict/check-request.js';
import type { StrictOptions } from './strict/strict-options.js';
import type { Script } from './wire/script.js';

/** Options of a fake provider, with and without a socket. */
export interface FakeProviderOptions {
  /** What is answered when nothing is queued. @defaultValue `{}`: every default */
  readonly reply?: Replier | undefined;
  /** Joined into every reply unless the reply has its own. */
  readonly pacing?: Reply['pacing'];
  /** How many of the latest requests are kept. @defaultValue 10,000 */
  readonly keepRequests?: number | undefined;
  /**
   * Refuses what the real providers refuse, with their status, error type and a message like theirs: parameters that a
   * model does not take, calls without results, schemas that are not closed, signatures that were not given out, … A
   * refused request takes no reply off the queue. `true` is every default of {@link StrictOptions}.
   *
   * @defaultValue `false`: anything is answered
   */
  readonly strict?: boolean | StrictOptions | undefined;
  /** Gives the time for the `date` header. @defaultValue `Date.now` */
  readonly now?: (() => number) | undefined;
}

/** The part of a fake provider that decides; bytes are moved elsewhere. */
export interface Engine {
  readonly log: RequestLog;
  readonly enqueue: (replier: Replier, options?: EnqueueOptions) => void;
  readonly queued: () => number;
  readonly script: (request: RecordedRequest) => Promise<Script>;
  readonly reset: () => void;
}

const DEFAULT_KEEP_REQUESTS = 10_000;

/** Creates the deciding part of a fake provider. */
export function createEngine(options: FakeProviderOptions, hasSocket: boolean): Engine {
  const strict = options.strict === true ? {} : options.strict || undefined;
  const state = createState(strict !== undefined);
  const queue = new ReplyQueue();
  const log = new RequestLog(options.keepRequests ?? DEFAULT_KEEP_REQUESTS);
  const faultCounts = new Map<string, number>();
  const now = options.now ?? Date.now;

  async function script(request: RecordedRequest): Promise<Script> {
    const refused = strict && refuseRequest(request, strict);
    if (refused !== undefined) return play(request, {}, refused);
    const reply =
      (await queue.take(request)) ?? (await resolveReplier(options.reply ?? {}, request));
    if (reply.wire !== undefined) return { wire: reply.wire };
    return play(request, reply);
  }

  function play(request: RecordedRequest, reply: Reply, refused?: Answer): Script {
    const faults = [...requestFaults(request), ...replyFaults(reply)].filter(isDue);
    const pacing = mergePacing({ ...options.pacing, ...reply.pacing }, faults);
    const answer = finish(refused ?? answerRequest(request, { ...reply, pacing }), reply);
    return applyFaults({ answer, faults, pacing, target: request.target, hasSocket });
  }

  function answerRequest(request: RecordedRequest, reply: Reply): Answer {
    const match = findRoute(request);
    const dialect = match?.route.dialect ?? (isAnthropic(request) ? 'anthropic' : 'openai');
    const literal = literalAnswer(reply, dialect);
    if (literal !== undefined) return literal;
    if (match === undefined) return unknownPath(request, dialect);
    return match.route.handle({
      request,
      body: objectOf(request.json),
      id: match.id,
      reply,
      state,
    });
  }

  function finish(answer: Answer, reply: Reply): Answer {
    const requestId = state.nextId('req_');
    const headers = { ...usualHeaders(answer.dialect, requestId, now()), ...answer.headers };
    const status = reply.status ?? answer.status;
    return withHeaders({ ...answer, status, headers }, reply.headers ?? {});
  }

  function isDue(fault: Fault): boolean {
    if (fault.times === undefined) return true;
    const key = JSON.stringify(fault);
    const count = (faultCounts.get(key) ?? 0) + 1;
    faultCounts.set(key, count);
    return count <= fault.times;
  }

  return {
    log,
    script,
    enqueue: (replier, enqueueOptions) => queue.add(replier, enqueueOptions),
    queued: () => queue.size,
    reset() {
      state.clear();
      queue.clear();
      log.clear();
      faultCounts.clear();
    },
  };
}

/** What a reply answers word for word, if it does. */
function literalAnswer(reply: Reply, dialect: Dialect): Answer | undefined {
  if (reply.body !== undefined) return bytesAnswer(dialect, 'application/octet-stream', reply.body);
  if (reply.events !== undefined) return sseAnswer(dialect, reply.events.map(scriptedEvent));
  if (reply.json !== undefined) return jsonAnswer(dialect, reply.json);
  const status = reply.status ?? (reply.error === undefined ? 200 : 500);
  return status >= 400 ? errorAnswer(dialect, status, reply.error) : undefined;
}

function unknownPath(request: RecordedRequest, dialect: Dialect): Answer {
  const message = `Invalid URL (${request.method} ${request.path})`;
  return errorAnswer(dialect, 404, { message });
}

/** Faults named by the `x-fake-fault` header or a `/fault/…/` path prefix. */
function requestFaults({ headers, path }: RecordedRequest): readonly Fault[] {
  if (path.startsWith('/landed/')) return [];
  const prefix = /^\/fault\/([^/]+)\//.exec(path)?.[1] ?? '';
  return [
    ...parseFaults(headers['x-fake-fault'] ?? ''),
    ...parseFaults(decodeURIComponent(prefix)),
  ];
}

function replyFaults({ fault }: Reply): readonly Fault[] {
  const faults = fault === undefined ? [] : isList(fault) ? fault : [fault];
  return faults.flatMap((one) => (typeof one === 'string' ? parseFaults(one) : [one]));
}

function isList(fault: NonNullable<Reply['fault']>): fault is readonly (Fault | string)[] {
  return Array.isArray(fault);
}
