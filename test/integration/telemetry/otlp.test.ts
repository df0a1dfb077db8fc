import { type ChildProcess, fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createGateway, type TelemetryEvent } from 'zerohop';
import { createInMemoryFetch } from 'zerohop/testing';
import { eventually, freePort } from './support/free-port.js';

const folder = mkdtempSync(join(tmpdir(), 'zerohop-genkit-'));
let server: ChildProcess;
let url: string;

beforeAll(async () => {
  const port = await freePort();
  url = `http://127.0.0.1:${port}/api`;
  const script = fileURLToPath(new URL('./support/genkit-server.mjs', import.meta.url));
  server = fork(script, [String(port), folder], { stdio: 'ignore', execArgv: [] });
  await eventually(async () => ((await fetch(`${url}/__health`)).ok ? true : undefined));
}, 60_000);

afterAll(() => {
  server.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

/** An event as OTLP has log records. */
function logRecord(event: TelemetryEvent): object {
  const { attributes, traceId, spanId, severity, timestamp, name } = event;
  return {
    timeUnixNano: String(BigInt(Math.round(timestamp)) * 1_000_000n),
    severityNumber: severity === 'WARN' ? 13 : 9,
    severityText: severity,
    traceId,
    spanId,
    body: { stringValue: name },
    attributes: Object.entries(attributes).map(([key, value]) => ({
      key,
      value: { stringValue: typeof value === 'string' ? value : JSON.stringify(value) },
    })),
  };
}

async function get(path: string): Promise<Record<string, Record<string, unknown>[]>> {
  // The server's own answers, of which the tests look at a few members.
  return (await (await fetch(`${url}${path}`)).json()) as Record<string, Record<string, unknown>[]>;
}

describe('the Genkit telemetry server', () => {
  it('receives the spans of calls over OTLP/HTTP, and their events as logs', async () => {
    const exporter = new OTLPTraceExporter({ url: `${url}/otlp/v1/traces` });
    const tracerProvider = new BasicTracerProvider({
      spanProcessors: [new BatchSpanProcessor(exporter)],
    });
    const events: TelemetryEvent[] = [];
    const fetchAnswer = createInMemoryFetch({
      text: 'Hello.',
      usage: { inputTokens: 11, outputTokens: 7 },
    });
    const gateway = createGateway({
      telemetry: { tracerProvider, captureContent: 'both', onEvent: (event) => events.push(event) },
      metadata: { service: 'checkout' },
    });
    const client = gateway.wrap(
      new OpenAI({ apiKey: 'sk-test', fetch: fetchAnswer, maxRetries: 0 }),
    );
    const body = { model: 'gpt-5-mini', messages: [{ role: 'user' as const, content: 'Hi.' }] };
    for await (const _ of await client.chat.completions.create({ ...body, stream: true }));
    fetchAnswer.enqueue({ status: 429, error: { code: 'rate_limit_exceeded' } });
    await client.chat.completions.create(body).catch(() => undefined);

    await tracerProvider.forceFlush();
    const logs = {
      resourceLogs: [
        { scopeLogs: [{ scope: { name: 'zerohop' }, logRecords: events.map(logRecord) }] },
      ],
    };
    const headers = { 'content-type': 'application/json' };
    await fetch(`${url}/otlp/v1/logs`, { method: 'POST', headers, body: JSON.stringify(logs) });

    const [first, second] = await Promise.all(
      [...new Set(events.map(({ traceId }) => traceId))].map((id) =>
        eventually(async () => {
          const { spans = {} } = await get(`/traces/${id}`);
          const [span] = Object.values(spans);
          return span;
        }),
      ),
    );
    expect(first).toMatchObject({
      displayName: 'chat gpt-5-mini',
      spanKind: 'CLIENT',
      attributes: {
        'gen_ai.provider.name': 'openai',
        'gen_ai.usage.input_tokens': 11,
        'gen_ai.response.finish_reasons': ['stop'],
        'zerohop.metadata.service': 'checkout',
      },
    });
    expect(first).not.toHaveProperty('status');
    expect(second).toMatchObject({
      status: { code: 2 },
      attributes: { 'error.type': 'rate_limit_exceeded' },
    });
    const { logs: kept = [] } = await get(`/traces/${events[0]?.traceId}/logs`);
    expect(kept).toMatchObject([
      { body: 'gen_ai.client.inference.operation.details', severityText: 'INFO' },
    ]);
  });
});
