import type { DialectName } from '../dialects/dialect.js';
import { noteFacts } from '../pipeline/answering-attempt.js';
import { type CacheEntry, type EntryParts, keptHeaders, makeEntry } from './cache-entry.js';
import type { KeyedCall } from './call-key.js';
import type { CompleteAnswer } from './flight.js';
import { unstorableAnswer } from './storable.js';

/** What an answer is stored as. */
export interface EntryPlan {
  readonly call: KeyedCall & { readonly dialect: DialectName | undefined };
  readonly key: string;
  /** Wall clock, in ms since the epoch. */
  readonly now: number;
}

/**
 * What makes the entry of a complete answer, once the versions of its tags are known; or why it is not stored.
 * What the caller could still change is read at once.
 */
export function entryOf(
  { context, response, facts, usageAsked, body }: CompleteAnswer,
  { call, key, now }: EntryPlan,
): ((tags: CacheEntry['tags']) => CacheEntry) | string {
  const { request, control, dialect } = call;
  const { status } = response;
  if (dialect === undefined) return 'passthrough';
  const reason = unstorableAnswer(facts, status, request.operation);
  if (reason !== undefined) return reason;
  const last = context.observation?.attempt;
  if (last === undefined) return 'no-attempt';
  const headers = keptHeaders(response.headers);
  return (tags) => {
    noteFacts(last, facts);
    const { inputTokens, outputTokens } = facts.usage ?? {};
    const cost = context.costOf([last]).cost?.amount;
    const { model } = facts;
    const form: Pick<EntryParts, 'form' | 'text' | 'events'> =
      'text' in body ? { form: 'body', text: body.text } : { form: 'events', events: body.events };
    return makeEntry({
      key,
      dialect,
      ...form,
      usageAsked,
      status,
      headers,
      storedAt: now,
      ttlMs: control.ttlMs,
      producer: {
        target: last.target,
        provider: last.provider,
        ...(model !== undefined && { model }),
      },
      ...(tags !== undefined && { tags }),
      saved: {
        ...(inputTokens !== undefined && { inputTokens }),
        ...(outputTokens !== undefined && { outputTokens }),
        ...(cost !== undefined && { cost }),
      },
    });
  };
}
