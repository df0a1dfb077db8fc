import { isSpanContextValid, type SpanContext } from '@opentelemetry/api';

/** The headers of W3C trace context, without baggage: what the application keeps there is not the provider's. */
export function traceHeaders(span: SpanContext): Readonly<Record<string, string>> | undefined {
  if (!isSpanContextValid(span)) return undefined;
  const flags = span.traceFlags.toString(16).padStart(2, '0');
  const state = span.traceState?.serialize();
  return {
    traceparent: `00-${span.traceId}-${span.spanId}-${flags}`,
    ...(state && { tracestate: state }),
  };
}
