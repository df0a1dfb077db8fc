import type { DialectName } from '../dialects/dialect.js';
import { isPlain } from '../dialects/foreign-body.js';
import type { GatewayRequest } from '../pipeline/contract.js';
import type { StreamEvent } from '../pipeline/event-source.js';
import type { KnownProvider } from '../pipeline/known-providers.js';
import type { Failure } from '../pipeline/settlement.js';

/** Whether a request is a stream whose usage has to be asked for, and was not. */
export function lacksUsage(
  request: GatewayRequest,
  dialect: DialectName | undefined,
  provider: KnownProvider,
): boolean {
  if (!request.stream || (dialect !== 'openai-chat' && dialect !== 'openai-completions'))
    return false;
  return (
    isPlain(request.body) &&
    streamOptions(request.body).include_usage !== true &&
    !provider.usageUnasked
  );
}

/** Whether a request asks for the usage of its stream. */
export function asksUsage({ body }: GatewayRequest): boolean {
  return isObject(body) && streamOptions(body).include_usage === true;
}

/** The same request, asking for usage (`stream_options.include_usage`). */
export function askUsage(request: GatewayRequest): GatewayRequest {
  const body = isObject(request.body) ? request.body : {};
  const stream_options = { ...streamOptions(body), include_usage: true };
  return { ...request, body: { ...body, stream_options } };
}

/** Whether an answer refuses just that question. */
export function refusesUsage({ kind, status, message, code }: Failure): boolean {
  if (kind !== 'status' || (status !== 400 && status !== 422)) return false;
  return /stream_options|include_usage/.test(`${code ?? ''} ${message}`);
}

/** Events as they would have been, had usage not been asked for. */
export function hideUsages(events: readonly StreamEvent[]): readonly StreamEvent[] {
  // Most say nothing of it.
  if (!events.some(({ json }) => isObject(json) && 'usage' in json)) return events;
  return events.flatMap((event) => hideUsage(event) ?? []);
}

/**
 * An event as it would have been, had usage not been asked for: the chunk that only carries usage is
 * left out, and so are the `usage: null` members of the others.
 */
export function hideUsage(event: StreamEvent): StreamEvent | undefined {
  const { json } = event;
  if (!isObject(json) || !('usage' in json)) return event;
  if (json.usage !== null) {
    const { choices } = json;
    return Array.isArray(choices) && choices.length === 0 ? undefined : event;
  }
  const { usage: _, ...shown } = json;
  return { event: event.event, data: JSON.stringify(shown), json: shown };
}

function streamOptions(body: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const { stream_options } = body;
  return isObject(stream_options) ? stream_options : {};
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
