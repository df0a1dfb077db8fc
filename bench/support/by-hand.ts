/** What a call's telemetry costs the OpenTelemetry SDK alone: the gateway's own span and points, recorded again by hand. */
import type { Attributes, MeterProvider, Span, TracerProvider } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';

/** Values that the instruments were given. */
export interface Point {
  readonly kind: 'histogram' | 'counter';
  readonly name: string;
  readonly value: number;
  readonly attributes: Attributes;
}

interface Providers {
  readonly tracerProvider: TracerProvider;
  readonly meterProvider: MeterProvider;
}

/** A meter provider that keeps what it is given, so that it can be recorded again. */
export function keepPoints(points: Point[]): MeterProvider {
  const keep = (kind: Point['kind'], name: string) => (value: number, attributes: Attributes) => {
    points.push({ kind, name, value, attributes });
  };
  const meter = {
    createHistogram: (name: string) => ({ record: keep('histogram', name) }),
    createCounter: (name: string) => ({ add: keep('counter', name) }),
  };
  // As much of a meter as the gateway uses.
  return { getMeter: () => meter } as unknown as MeterProvider;
}

/** Attributes that samplers look at are given at the start; the rest is only known at the end. */
const AT_START = /^gen_ai\.(operation\.name|provider\.name|request\.model)$|^server\./;
/** As the conventions have them. */
const BOUNDARIES = Array.from({ length: 14 }, (_, index) => 0.01 * 2 ** index);

/** Wraps `call` in what the gateway recorded for one call. */
export function byHand(
  span: ReadableSpan,
  points: readonly Point[],
  { tracerProvider, meterProvider }: Providers,
): (call: () => Promise<unknown>) => Promise<void> {
  const tracer = tracerProvider.getTracer('by-hand');
  const meter = meterProvider.getMeter('by-hand');
  const records = new Map<string, (value: number, attributes: Attributes) => void>();
  for (const { kind, name } of points) {
    if (records.has(name)) continue;
    if (kind === 'counter') {
      const counter = meter.createCounter(name);
      records.set(name, (value, attributes) => counter.add(value, attributes));
    } else {
      const advice = { explicitBucketBoundaries: BOUNDARIES };
      const histogram = meter.createHistogram(name, { advice });
      records.set(name, (value, attributes) => histogram.record(value, attributes));
    }
  }
  const all = Object.entries(span.attributes);
  const first = all.filter(([name]) => AT_START.test(name));
  const rest = all.filter(([name]) => !AT_START.test(name));
  return async (call) => {
    const attributes = Object.fromEntries(first);
    const started: Span = tracer.startSpan(span.name, { kind: span.kind, attributes });
    await call();
    for (const [name, value] of rest) if (value !== undefined) started.setAttribute(name, value);
    started.end();
    for (const { name, value, attributes } of points) records.get(name)?.(value, attributes);
  };
}
