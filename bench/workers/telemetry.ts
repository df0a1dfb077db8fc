/** Gateways of one process by turns, block by block: telemetry off, on without a provider, on with exporters that do nothing. */
import { MeterProvider, MetricReader } from '@opentelemetry/sdk-metrics';
import {
  BasicTracerProvider,
  SimpleSpanProcessor,
  type SpanExporter,
} from '@opentelemetry/sdk-trace-base';
import OpenAI from 'openai';
import { createGateway, type GatewayOptions } from 'zerohop';
import { memoryFetch } from '../support/memory-fetch.js';
import { serve } from '../support/serve.js';
import { callJson, callStream, cpuMicroseconds } from '../support/workload.js';
import type { BlockTimes } from './in-memory.js';

export type TelemetryVariant = 'off' | 'idle' | 'spans' | 'all';

/** What is to be measured. */
export interface TelemetryBlocks {
  readonly variants: readonly TelemetryVariant[];
  readonly blocks: number;
  readonly calls: number;
  /** Of streams; absent for JSON answers. */
  readonly chunks?: number;
}

/** What left each variant, to be sure that something was measured. */
const left = { spans: 0, rows: 0 };

const exporter: SpanExporter = {
  export(spans, done) {
    left.spans += spans.length;
    done({ code: 0 });
  },
  shutdown: () => Promise.resolve(),
};

/** Keeps sums, and is never asked for them. */
class IdleReader extends MetricReader {
  protected onForceFlush(): Promise<void> {
    return Promise.resolve();
  }
  protected onShutdown(): Promise<void> {
    return Promise.resolve();
  }
}

function optionsOf(variant: TelemetryVariant): GatewayOptions {
  if (variant === 'off') return { telemetry: false };
  if (variant === 'idle') return { telemetry: true };
  const tracerProvider = new BasicTracerProvider({
    spanProcessors: [new SimpleSpanProcessor(exporter)],
  });
  const meterProvider = new MeterProvider({ readers: [new IdleReader()] });
  const telemetry = { tracerProvider, meterProvider };
  if (variant === 'spans') return { telemetry };
  return {
    telemetry,
    log: () => {
      left.rows += 1;
    },
  };
}

serve({
  async measure({ variants, blocks, calls, chunks }: TelemetryBlocks): Promise<BlockTimes> {
    const times: Record<string, { wall: number[]; cpu: number[] }> = {};
    const works = variants.map((variant) => {
      const client = createGateway(optionsOf(variant)).wrap(
        new OpenAI({ apiKey: 'bench', fetch: memoryFetch }),
      );
      const own = { wall: [] as number[], cpu: [] as number[] };
      times[variant] = own;
      const work = () =>
        chunks === undefined ? callJson(client) : callStream(client, 'burst', chunks);
      return { work, own };
    });
    const warmUp = Math.ceil(blocks / 20);
    for (let block = -warmUp; block < blocks; block += 1) {
      const order = block % 2 === 0 ? works : works.toReversed();
      for (const { work, own } of order) {
        const cpu = cpuMicroseconds();
        const start = performance.now();
        for (let call = 0; call < calls; call += 1) await work();
        const wall = (performance.now() - start) * 1_000;
        if (block < 0) continue;
        own.wall.push(wall / calls);
        own.cpu.push((cpuMicroseconds() - cpu) / calls);
      }
    }
    const recording = variants.filter((variant) => variant === 'spans' || variant === 'all').length;
    const rounds = (blocks + warmUp) * calls;
    if (left.spans !== recording * rounds) {
      throw new Error(`${left.spans} spans of ${recording * rounds} calls`);
    }
    left.spans = 0;
    return times;
  },
});
