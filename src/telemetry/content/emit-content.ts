import type { Span } from '@opentelemetry/api';
import type { GatewayRequest } from '../../pipeline/contract.js';
import type { TargetEnd } from '../../pipeline/feature.js';
import type { AttributeBag } from '../attribute-bag.js';
import { ATTRIBUTES, EVENTS } from '../semconv.js';
import type { SpanClock } from '../span-clock.js';
import type { TelemetryEvent, TelemetrySettings } from '../telemetry-options.js';
import type { CapturedContent } from './captured-content.js';
import { fitContent } from './fit-content.js';
import { outputMessages } from './output-messages.js';
import { readInput } from './read-input.js';

/** Where content and events of one target go. */
export interface Told {
  /** What the span gets at its end, and content with it. */
  readonly bag: AttributeBag;
  /** What the span was started with. */
  readonly given: AttributeBag;
  readonly span: Span;
  readonly request: GatewayRequest;
  readonly settings: TelemetrySettings;
  readonly clock: SpanClock;
}

const ATTRIBUTE_OF = {
  systemInstructions: ATTRIBUTES.systemInstructions,
  inputMessages: ATTRIBUTES.inputMessages,
  outputMessages: ATTRIBUTES.outputMessages,
  toolDefinitions: ATTRIBUTES.toolDefinitions,
} as const satisfies Readonly<Record<keyof CapturedContent, string>>;

/** Puts what was said on the span, the event, or both, where the options ask for it. */
export function emitContent(end: TargetEnd, told: Told): void {
  const { bag, given } = told;
  const { captureContent, onEvent } = told.settings;
  if (captureContent === 'none') return;
  const content = capture(end, told);
  if (content === undefined) return;
  const structured: Record<string, unknown> = {};
  const texts: Record<string, string> = {};
  for (const [member, name] of Object.entries(ATTRIBUTE_OF)) {
    // The keys of ATTRIBUTE_OF are those of CapturedContent.
    const value = content[member as keyof CapturedContent];
    if (value === undefined || value.length === 0) continue;
    structured[name] = value;
    texts[name] = JSON.stringify(value);
  }
  if (Object.keys(texts).length === 0) return;
  if (captureContent !== 'span') {
    const about = { ...given.values, ...bag.values };
    if (onEvent) send(told, EVENTS.details, { ...about, ...structured });
    else told.span.addEvent(EVENTS.details, { ...about, ...texts });
  }
  if (captureContent === 'event') return;
  for (const [name, text] of Object.entries(texts)) bag.set(name, text);
}

/** The content as it may leave: redacted first, then cut to size. What cannot be redacted does not leave. */
function capture(end: TargetEnd, { request, settings }: Told): CapturedContent | undefined {
  const { redact, maxContentBytes } = settings;
  try {
    const content = { ...readInput(request), outputMessages: outputMessages(end) };
    const redacted = redact ? redact(content) : content;
    return redacted && fitContent(redacted, maxContentBytes);
  } catch {
    return undefined;
  }
}

/** Tells of a failure, without the provider's words, which may quote anything. */
export function emitException(errorType: string, told: Told): void {
  const attributes = { [ATTRIBUTES.exceptionType]: errorType };
  if (told.settings.onEvent) send(told, EVENTS.exception, attributes);
  else told.span.addEvent(EVENTS.exception, attributes);
}

function send(
  { span, settings, clock }: Told,
  name: string,
  attributes: TelemetryEvent['attributes'],
): void {
  const { traceId, spanId } = span.spanContext();
  const severity = name === EVENTS.exception ? 'WARN' : 'INFO';
  const timestamp = clock.wall(clock.now());
  settings.onEvent?.({ name, severity, timestamp, traceId, spanId, attributes });
}
