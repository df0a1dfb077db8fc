import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PrometheusExporter } from '@opentelemetry/exporter-prometheus';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import OpenAI from 'openai';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createGateway } from 'zerohop';
import { createInMemoryFetch } from 'zerohop/testing';
import { systemClock } from '../../../src/pipeline/clock.js';
import { eventually, freePort } from './support/free-port.js';

const hasPrometheus = isInstalled();
if (!hasPrometheus) {
  if (process.env.CI) throw new Error('prometheus is not installed, and CI must not skip it');
  console.warn(
    'SKIPPED: prometheus is not installed, so no real one scrapes (apt-get install prometheus)',
  );
}

function isInstalled(): boolean {
  try {
    execFileSync('prometheus', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

let folder: string;
const running: ChildProcess[] = [];
const providers: MeterProvider[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'zerohop-prometheus-'));
});
afterEach(async () => {
  for (const child of running.splice(0)) {
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
  }
  for (const provider of providers.splice(0)) await provider.shutdown();
  rmSync(folder, { recursive: true, force: true });
});

/** An exporter that listens, and the provider that fills it. */
async function startExporter() {
  const port = await freePort();
  const exporter = new PrometheusExporter({ port, host: '127.0.0.1', preventServerStart: true });
  await exporter.startServer();
  const meterProvider = new MeterProvider({ readers: [exporter] });
  providers.push(meterProvider);
  return { port, meterProvider };
}

/** A Prometheus that scrapes the port; returns what answers a query with its one value. */
async function startPrometheus(scraped: number) {
  const port = await freePort();
  const config = join(folder, 'prometheus.yml');
  const target = `  - job_name: app\n    static_configs:\n      - targets: ['127.0.0.1:${scraped}']\n`;
  writeFileSync(config, `global:\n  scrape_interval: 250ms\nscrape_configs:\n${target}`);
  const flags = [
    `--config.file=${config}`,
    `--storage.tsdb.path=${join(folder, 'data')}`,
    `--web.listen-address=127.0.0.1:${port}`,
  ];
  running.push(spawn('prometheus', flags, { stdio: 'ignore' }));
  return async (query: string): Promise<number | undefined> => {
    const url = `http://127.0.0.1:${port}/api/v1/query?query=${encodeURIComponent(query)}`;
    const response = await fetch(url);
    // The shape of Prometheus's answer to an instant query.
    const { data } = (await response.json()) as { data: { result: { value: [number, string] }[] } };
    const value = Number(data.result[0]?.value[1]);
    return Number.isFinite(value) ? value : undefined;
  };
}

describe.skipIf(!hasPrometheus)('a real Prometheus', () => {
  it('scrapes the right p95, tokens and cost of calls', { timeout: 60_000 }, async () => {
    const { port, meterProvider } = await startExporter();
    let skippedMs = 0;
    const answers = createInMemoryFetch({ usage: { inputTokens: 11, outputTokens: 7 } });
    const gateway = createGateway({
      telemetry: { meterProvider },
      // 11 × 2 $ + 7 × 10 $ a million: 92 millionths of a dollar a call.
      pricing: { models: { 'gpt-5-mini': { input: 2, output: 10 } } },
      clock: { ...systemClock, now: () => skippedMs },
    });
    let calls = 0;
    const client = gateway.wrap(
      new OpenAI({
        apiKey: 'sk-test',
        fetch: (...given) => {
          calls += 1;
          // 90 calls of 100 ms, then 10 of 3 s.
          skippedMs += calls <= 90 ? 100 : 3_000;
          return answers(...given);
        },
      }),
    );
    const body = { model: 'gpt-5-mini', messages: [{ role: 'user' as const, content: 'Hi.' }] };
    for (let call = 0; call < 100; call += 1) await client.chat.completions.create(body);

    const query = await startPrometheus(port);
    const count = await eventually(() =>
      query('sum({__name__=~"gen_ai_client_operation_duration.*_count"})'),
    );
    const p95 = await query(
      'histogram_quantile(0.95, sum by (le) ({__name__=~"gen_ai_client_operation_duration.*_bucket"}))',
    );
    const input = await query(
      'sum({__name__=~"gen_ai_client_token_usage.*_sum", gen_ai_token_type="input"})',
    );

    expect(count).toBe(100);
    // The 95th of 100 is the 5th of 10 in the bucket from 2.56 to 5.12.
    expect(p95).toBeCloseTo(2.56 + (5.12 - 2.56) / 2, 9);
    const cost = await query(
      'sum({__name__=~"zerohop_cost.*", gen_ai_request_model="gpt-5-mini"})',
    );

    expect(input).toBe(1_100);
    expect(cost).toBeCloseTo(0.0092, 12);
  });
});
