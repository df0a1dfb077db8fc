/** Many calls with everything on that follows them: counts what each left, and what the heap keeps of them. */
import { AggregationTemporality, MeterProvider, MetricReader } from '@opentelemetry/sdk-metrics';
import {
  BasicTracerProvider,
  SimpleSpanProcessor,
  type SpanExporter,
} from '@opentelemetry/sdk-trace-base';
import OpenAI from 'openai';
import { createGateway } from 'zerohop';
import { memoryFetch } from '../support/memory-fetch.js';
import { serve } from '../support/serve.js';
import { callJson, callStream, collectGarbage } from '../support/workload.js';

/** What so many calls left. */
export interface CallsLeft {
  readonly rows: number;
  readonly rootSpans: number;
  /** Of `zerohop.requests`, and the counts of `zerohop.operation.duration` and `gen_ai.client.operation.duration`. */
  readonly requests: number;
  readonly durations: number;
  readonly operations: number;
  readonly settled: number;
  /** Call ids that a row, or a span, had in common with another. */
  readonly twice: number;
  readonly dropped: number;
  /** Bytes of heap after collecting garbage, by calls made. */
  readonly heap: readonly (readonly [calls: number, bytes: number])[];
}

class LastReader extends MetricReader {
  constructor() {
    super({ aggregationTemporalitySelector: () => AggregationTemporality.CUMULATIVE });
  }
  protected onForceFlush(): Promise<void> {
    return Promise.resolve();
  }
  protected onShutdown(): Promise<void> {
    return Promise.resolve();
  }

  /** What an instrument counted, over all its attribute sets. */
  async total(name: string): Promise<number> {
    const { resourceMetrics } = await this.collect();
    let total = 0;
    for (const { metrics } of resourceMetrics.scopeMetrics) {
      for (const { descriptor, dataPoints } of metrics) {
        if (descriptor.name !== name) continue;
        for (const { value } of dataPoints) {
          total += typeof value === 'number' ? value : value.count;
        }
      }
    }
    return total;
  }
}

/** Call ids that were seen: they end with a number, so one bit each will do. */
class SeenIds {
  readonly #bits: Uint8Array;
  twice = 0;

  constructor(most: number) {
    this.#bits = new Uint8Array(most);
  }

  add(id: unknown): void {
    const index = Number.parseInt(String(id).split('_').at(-1) ?? '', 36);
    if (!(index < this.#bits.length) || this.#bits[index] === 1) this.twice += 1;
    this.#bits[index] = 1;
  }
}

serve({
  async run({ calls, every }: { calls: number; every: number }): Promise<CallsLeft> {
    const left = { rows: 0, rootSpans: 0, settled: 0 };
    const rowIds = new SeenIds(calls + 1);
    const spanIds = new SeenIds(calls + 1);
    const exporter: SpanExporter = {
      export(spans, done) {
        for (const { parentSpanContext, attributes } of spans) {
          if (parentSpanContext === undefined) left.rootSpans += 1;
          spanIds.add(attributes['zerohop.call.id']);
        }
        done({ code: 0 });
      },
      shutdown: () => Promise.resolve(),
    };
    const reader = new LastReader();
    const spanProcessors = [new SimpleSpanProcessor(exporter)];
    const gateway = createGateway({
      stats: true,
      metadata: { service: 'bench' },
      telemetry: {
        tracerProvider: new BasicTracerProvider({ spanProcessors }),
        meterProvider: new MeterProvider({ readers: [reader] }),
      },
      log: ({ id }) => {
        left.rows += 1;
        rowIds.add(id);
      },
    });
    gateway.on('settled', () => {
      left.settled += 1;
    });
    const client = gateway.wrap(new OpenAI({ apiKey: 'bench', fetch: memoryFetch }));
    const heap: [number, number][] = [];
    for (let made = 0; made < calls; made += 1) {
      if (made % every === 0) {
        await collectGarbage();
        heap.push([made, process.memoryUsage().heapUsed]);
      }
      await (made % 20 === 19 ? callStream(client, 'burst', 5) : callJson(client));
    }
    await gateway.flush();
    await collectGarbage();
    heap.push([calls, process.memoryUsage().heapUsed]);
    return {
      ...left,
      requests: await reader.total('zerohop.requests'),
      durations: await reader.total('zerohop.operation.duration'),
      operations: await reader.total('gen_ai.client.operation.duration'),
      twice: rowIds.twice + spanIds.twice,
      dropped: gateway.droppedRows,
      heap,
    };
  },
});
