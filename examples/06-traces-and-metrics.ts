/** Spans and metrics of calls, with tokens, cost and metadata. Here they stay in memory; swap the exporters for your own. */
import { deepStrictEqual, ok, strictEqual } from 'node:assert';
import { metrics, trace } from '@opentelemetry/api';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import {
  InMemorySpanExporter,
  NodeTracerProvider,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-node';
import { createGatewayClient } from 'zerohop';
import { startFakeProvider } from 'zerohop/testing';

// An application does this once; `new OTLPTraceExporter()` sends spans to a collector, Langfuse or SigNoz, and
// `new PrometheusExporter()` in the place of the reader lets Prometheus scrape the metrics.
const spans = new InMemorySpanExporter();
new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] }).register();
const points = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
const reader = new PeriodicExportingMetricReader({ exporter: points });
metrics.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }));

await using provider = await startFakeProvider({
  reply: { text: 'Hello.', usage: { inputTokens: 1_000, outputTokens: 200 } },
});
const client = createGatewayClient({
  apiKey: 'sk-example',
  baseURL: provider.baseURL,
  gateway: {
    metadata: { service: 'checkout' },
    pricing: { models: { 'gpt-5-mini': { input: 0.25, output: 2 } } },
    telemetry: { costAliases: ['langfuse'], metricMetadata: ['service'] },
  },
});

// The first attempt fails: one span all the same, under the span of the application's own.
provider.enqueue({ status: 503, headers: { 'retry-after-ms': '1' } });
await trace.getTracer('app').startActiveSpan('GET /greeting', async (span) => {
  const messages = [{ role: 'user' as const, content: 'Hi.' }];
  const stream = await client.chat.completions.create({
    model: 'gpt-5-mini',
    messages,
    stream: true,
  });
  for await (const _ of stream);
  span.end();
});

const [call, request] = spans.getFinishedSpans();
ok(call && request);
strictEqual(call.name, 'chat gpt-5-mini');
strictEqual(call.parentSpanContext?.spanId, request.spanContext().spanId);
const { attributes } = call;
strictEqual(attributes['gen_ai.usage.input_tokens'], 1_000);
strictEqual(attributes['gen_ai.usage.cost.amount'], 0.00065);
strictEqual(attributes['gen_ai.usage.cost'], 0.00065);
strictEqual(attributes['http.request.resend_count'], 1);
strictEqual(attributes['zerohop.metadata.service'], 'checkout');
deepStrictEqual(attributes['gen_ai.response.finish_reasons'], ['stop']);

await reader.forceFlush();
const names = points
  .getMetrics()
  .flatMap(({ scopeMetrics }) => scopeMetrics.flatMap((scope) => scope.metrics))
  .map(({ descriptor }) => descriptor.name);
ok(names.includes('gen_ai.client.operation.duration') && names.includes('zerohop.cost'));
console.log({ span: call.name, cost: attributes['gen_ai.usage.cost.amount'], metrics: names });

await client.gateway.close();
await reader.shutdown();
