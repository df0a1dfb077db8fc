/** Spans of calls, sent to an OTLP endpoint, with tokens, cost and metadata. The endpoint here is a stand-in that looks at what comes. */
import { ok, strictEqual } from 'node:assert';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { trace } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { BatchSpanProcessor, NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import { createGatewayClient } from 'zerohop';
import { startFakeProvider } from 'zerohop/testing';

interface Attribute {
  readonly key: string;
  readonly value: Readonly<Record<string, unknown>>;
}
interface Received {
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly attributes: readonly Attribute[];
}

const received: Received[] = [];
const collector = createServer(async (request, response) => {
  // As the OTLP/HTTP protocol has it.
  const body = (await json(request)) as {
    resourceSpans: { scopeSpans: { spans: Received[] }[] }[];
  };
  for (const { scopeSpans } of body.resourceSpans) {
    for (const { spans } of scopeSpans) received.push(...spans);
  }
  response.setHeader('content-type', 'application/json').end('{}');
}).listen(0, '127.0.0.1');
await once(collector, 'listening');
const { port } = collector.address() as AddressInfo;

// An application does this once. Langfuse: `https://cloud.langfuse.com/api/public/otel/v1/traces` with an
// `Authorization: Basic …` header; SigNoz, Grafana, Honeycomb, a collector: their own URL and headers.
const exporter = new OTLPTraceExporter({ url: `http://127.0.0.1:${port}/v1/traces` });
const traces = new NodeTracerProvider({ spanProcessors: [new BatchSpanProcessor(exporter)] });
traces.register();

await using provider = await startFakeProvider({
  reply: { text: 'Hello.', usage: { inputTokens: 1_000, outputTokens: 200 } },
});
const client = createGatewayClient({
  apiKey: 'sk-example',
  baseURL: provider.baseURL,
  gateway: {
    metadata: { service: 'checkout' },
    pricing: { models: { 'gpt-5-mini': { input: 0.25, output: 2 } } },
    // The names that these backends read a cost from, beside the gateway's own.
    telemetry: { costAliases: ['langfuse', 'openinference', 'litellm'] },
  },
});

// The first attempt fails: one span all the same, under the span of the application's own.
provider.enqueue({ status: 503, headers: { 'retry-after-ms': '1' } });
await trace.getTracer('app').startActiveSpan('GET /greeting', async (span) => {
  const stream = await client.chat.completions.create({
    model: 'gpt-5-mini',
    messages: [{ role: 'user', content: 'Hi.' }],
    stream: true,
  });
  for await (const _ of stream);
  span.end();
});
await client.gateway.close();
await traces.forceFlush();

const call = received.find(({ name }) => name === 'chat gpt-5-mini');
const parent = received.find(({ name }) => name === 'GET /greeting');
ok(call && parent);
strictEqual(call.parentSpanId, parent.spanId);
const attributes = Object.fromEntries(
  call.attributes.map(({ key, value }) => [key, Object.values(value)[0]]),
);
strictEqual(Number(attributes['gen_ai.usage.input_tokens']), 1_000);
for (const name of ['gen_ai.usage.cost.amount', 'gen_ai.usage.cost', 'llm.cost.total']) {
  strictEqual(attributes[name], 0.00065, name);
}
strictEqual(Number(attributes['http.request.resend_count']), 1);
strictEqual(attributes['zerohop.metadata.service'], 'checkout');
console.log({ span: call.name, cost: attributes['gen_ai.usage.cost.amount'] });

await traces.shutdown();
collector.close();
