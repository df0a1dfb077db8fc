import type { RecordedRequest } from './recorded-request.js';
import type { Replier, Reply } from './reply.js';

/** Which requests a queued reply is for, and how often. */
export interface EnqueueOptions {
  /** How many requests it answers. @defaultValue 1 */
  readonly times?: number | undefined;
  /** Only requests whose path contains this text, matches this pattern, or passes this test. @defaultValue every request */
  readonly match?: string | RegExp | ((request: RecordedRequest) => boolean) | undefined;
}

interface Queued {
  readonly replier: Replier;
  readonly match: EnqueueOptions['match'];
  left: number;
}

/** Replies waiting for their request; the first that matches is taken. */
export class ReplyQueue {
  #queued: Queued[] = [];

  /** How many answers are still to be given. */
  get size(): number {
    return this.#queued.reduce((sum, { left }) => sum + left, 0);
  }

  add(replier: Replier, { times = 1, match }: EnqueueOptions = {}): void {
    this.#queued.push({ replier, match, left: times });
  }

  clear(): void {
    this.#queued = [];
  }

  /** Takes the reply for a request off the queue. */
  async take(request: RecordedRequest): Promise<Reply | undefined> {
    const queued = this.#queued.find(({ match }) => matches(match, request));
    if (queued === undefined) return undefined;
    queued.left -= 1;
    if (queued.left <= 0) this.#queued = this.#queued.filter((other) => other !== queued);
    return resolveReplier(queued.replier, request);
  }
}

/** Asks a replier for its reply. */
export async function resolveReplier(replier: Replier, request: RecordedRequest): Promise<Reply> {
  return typeof replier === 'function' ? replier(request) : replier;
}

function matches(match: EnqueueOptions['match'], request: RecordedRequest): boolean {
  if (match === undefined) return true;
  if (typeof match === 'function') return match(request);
  return typeof match === 'string' ? request.path.includes(match) : match.test(request.path);
}
