import { type Attributes, SpanKind, SpanStatusCode } from '@opentelemetry/api';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
  type SpanProcessor,
} from '@opentelemetry/sdk-trace-base';

/** Every span of a test, with how often each was ended. */
export interface Recording {
  readonly tracerProvider: BasicTracerProvider;
  /** Ended spans, in the order of their ends. */
  readonly spans: () => readonly ReadableSpan[];
  /** How often `end()` was called on each span that was started. */
  readonly ends: () => readonly number[];
  /** Resolves once as many spans as were started have ended. */
  readonly allEnded: () => Promise<void>;
  readonly reset: () => void;
}

/** A tracer provider that keeps what it is given. */
export function recordSpans(): Recording {
  const exporter = new InMemorySpanExporter();
  const ends: number[] = [];
  const counter: SpanProcessor = {
    onStart(span) {
      const index = ends.push(0) - 1;
      const end = span.end.bind(span);
      span.end = (time) => {
        ends[index] = (ends[index] ?? 0) + 1;
        end(time);
      };
    },
    onEnd: () => undefined,
    forceFlush: () => Promise.resolve(),
    shutdown: () => Promise.resolve(),
  };
  const tracerProvider = new BasicTracerProvider({
    spanProcessors: [counter, new SimpleSpanProcessor(exporter)],
  });
  return {
    tracerProvider,
    spans: () => exporter.getFinishedSpans(),
    ends: () => ends,
    async allEnded() {
      for (let turn = 0; turn < 400; turn += 1) {
        if (ends.length > 0 && ends.every((count) => count > 0)) return;
        globalThis.gc?.();
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      throw new Error(`${ends.filter((count) => count === 0).length} spans never ended`);
    },
    reset() {
      exporter.reset();
      ends.length = 0;
    },
  };
}

/** The parts of a span that tests look at. */
export interface SeenSpan {
  readonly name: string;
  readonly kind: string;
  readonly status: string;
  readonly attributes: Attributes;
  readonly events: readonly string[];
}

export function see(span: ReadableSpan): SeenSpan {
  return {
    name: span.name,
    kind: SpanKind[span.kind],
    status: SpanStatusCode[span.status.code],
    attributes: span.attributes,
    events: span.events.map(({ name }) => name),
  };
}

/** A point of a metric, flat. */
export interface SeenPoint {
  readonly metric: string;
  readonly unit: string;
  readonly attributes: Attributes;
  /** Of a histogram: how many values, and their sum. Of a counter: the sum. */
  readonly count: number | undefined;
  readonly sum: number;
  readonly buckets: readonly number[] | undefined;
}

/** A meter provider that keeps what it is given. */
export function recordMetrics(): {
  readonly meterProvider: MeterProvider;
  readonly points: () => Promise<readonly SeenPoint[]>;
} {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 2 ** 30 });
  const meterProvider = new MeterProvider({ readers: [reader] });
  return {
    meterProvider,
    async points() {
      await reader.forceFlush();
      const last = exporter.getMetrics().at(-1);
      const metrics = last?.scopeMetrics.flatMap((scope) => scope.metrics) ?? [];
      return metrics.flatMap(({ descriptor: { name, unit }, dataPoints }) =>
        dataPoints.map(({ attributes, value }): SeenPoint => {
          const about = { metric: name, unit, attributes };
          if (typeof value === 'number') {
            return { ...about, count: undefined, sum: value, buckets: undefined };
          }
          const buckets = 'buckets' in value ? value.buckets : undefined;
          const boundaries = buckets && 'boundaries' in buckets ? buckets.boundaries : undefined;
          return { ...about, count: value.count, sum: value.sum ?? 0, buckets: boundaries };
        }),
      );
    },
  };
}
