/** Gateways of one process by turns, block by block: telemetry off, on without a provider, on with exporters that do nothing. */
import { MeterProvider, MetricReader } from '@opentelemetry/sdk-metrics';
import {
  BasicTracerProvider,
  type ReadableSpan,
  SimpleSpanProcessor,
  type SpanExporter,
} from '@opentelemetry/sdk-trace-base';
import OpenAI from 'openai';
import { createGateway, type GatewayOptions } from 'zerohop';
import { byHand, keepPoints, type Point } from '../support/by-hand.js';
import { memoryFetch } from '../support/memory-fetch.js';
import { serve } from '../support/serve.js';
import { callJson, callStream, cpuMicroseconds } from '../support/workload.js';
import type { BlockTimes } from './in-memory.js';

/** `by-hand` is what the OpenTelemetry SDK takes alone for the same span and points. */
export type TelemetryVariant = 'off' | 'idle' | 'by-hand' | 'spans' | 'all';

/** What is to be measured. */
export interface TelemetryBlocks {
  readonly variants: readonly TelemetryVariant[];
  readonly blocks: number;
  readonly calls: number;
  /** Of streams; absent for JSON answers. */
  readonly chunks?: number;
}

/** What left each variant, to be sure that something was measured. */
const left: { spans: number; rows: number; last: ReadableSpan | undefined } = {
  spans: 0,
  rows: 0,
  last: undefined,
};

const exporter: SpanExporter = {
  export(spans, done) {
    left.spans += spans.length;
    left.last = spans.at(-1);
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

function providers() {
  const spanProcessors = [new SimpleSpanProcessor(exporter)];
  return {
    tracerProvider: new BasicTracerProvider({ spanProcessors }),
    meterProvider: new MeterProvider({ readers: [new IdleReader()] }),
  };
}

function optionsOf(variant: TelemetryVariant): GatewayOptions {
  if (variant === 'off' || variant === 'by-hand') return { telemetry: false };
  if (variant === 'idle') return { telemetry: true };
  const telemetry = providers();
  if (variant === 'spans') return { telemetry };
  return {
    telemetry,
    log: () => {
      left.rows += 1;
    },
  };
}

function clientOf(options: GatewayOptions): OpenAI {
  return createGateway(options).wrap(new OpenAI({ apiKey: 'bench', fetch: memoryFetch }));
}

type Call = (client: OpenAI) => Promise<unknown>;

async function workOf(variant: TelemetryVariant, call: Call): Promise<() => Promise<unknown>> {
  const client = clientOf(optionsOf(variant));
  if (variant !== 'by-hand') return () => call(client);
  const points: Point[] = [];
  const { tracerProvider } = providers();
  await call(clientOf({ telemetry: { tracerProvider, meterProvider: keepPoints(points) } }));
  if (left.last === undefined) throw new Error('no span to record again');
  const around = byHand(left.last, points, providers());
  return () => around(() => call(client));
}

serve({
  async measure({ variants, blocks, calls, chunks }: TelemetryBlocks): Promise<BlockTimes> {
    const times: Record<string, { wall: number[]; cpu: number[] }> = {};
    const call: Call = (client) =>
      chunks === undefined ? callJson(client) : callStream(client, 'burst', chunks);
    const works = await Promise.all(
      variants.map(async (variant) => {
        const own = { wall: [] as number[], cpu: [] as number[] };
        times[variant] = own;
        return { work: await workOf(variant, call), own };
      }),
    );
    left.spans = 0;
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
    const recording = variants.filter((variant) => variant !== 'off' && variant !== 'idle').length;
    const rounds = (blocks + warmUp) * calls;
    if (left.spans !== recording * rounds) {
      throw new Error(`${left.spans} spans of ${recording * rounds} calls`);
    }
    return times;
  },
});
