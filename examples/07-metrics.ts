/** Metrics of calls for Prometheus to scrape: durations, tokens and cost, by model and by what `metricMetadata` names. */
import { ok } from 'node:assert';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { PrometheusExporter } from '@opentelemetry/exporter-prometheus';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import { createGatewayClient } from 'zerohop';
import { startFakeProvider } from 'zerohop/testing';

// Left to itself, the exporter listens on port 9464; here the application's own server answers.
const exporter = new PrometheusExporter({ preventServerStart: true });
const meterProvider = new MeterProvider({ readers: [exporter] });
const server = createServer((request, response) =>
  exporter.getMetricsRequestHandler(request, response),
).listen(0, '127.0.0.1');
await once(server, 'listening');
const { port } = server.address() as AddressInfo;

await using provider = await startFakeProvider({
  reply: { text: 'Hello.', usage: { inputTokens: 1_000, outputTokens: 200 } },
});
const client = createGatewayClient({
  apiKey: 'sk-example',
  baseURL: provider.baseURL,
  gateway: {
    metadata: { service: 'checkout', requestId: 'r-1' },
    pricing: { models: { 'gpt-5-mini': { input: 0.25, output: 2 } } },
    // Each value is a series: name the keys that have few. `requestId` is on spans alone.
    telemetry: { meterProvider, metricMetadata: ['service'] },
  },
});
for (let call = 0; call < 4; call += 1) {
  await client.chat.completions.create({
    model: 'gpt-5-mini',
    messages: [{ role: 'user', content: 'Hi.' }],
  });
}

const scraped = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
const sample = (name: string, label: string) => {
  const line = scraped
    .split('\n')
    .find((text) => text.startsWith(`${name}{`) && text.includes(label));
  ok(line, `${name}{${label}}`);
  return Number(
    line
      .slice(line.lastIndexOf('}') + 1)
      .trim()
      .split(' ')[0],
  );
};
const cost = sample('zerohop_cost_total', 'zerohop_metadata_service="checkout"');
// Four calls of 1,000 × $0.25 and 200 × $2 a million.
ok(Math.abs(cost - 4 * 0.00065) < 1e-12, String(cost));
const input = sample('gen_ai_client_token_usage_sum', 'gen_ai_token_type="input"');
ok(input === 4_000, String(input));
ok(!scraped.includes('r-1'));
console.log({
  cost,
  input,
  series: scraped.split('\n').filter((line) => /^[a-z]/.test(line)).length,
});

await client.gateway.close();
await meterProvider.shutdown();
server.close();
