import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createGatewayClient, type GatewayOptions, type LogRow } from 'zerohop';
import { createInMemoryFetch } from 'zerohop/testing';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'zerohop-log-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const ask = { model: 'gpt-x', messages: [{ role: 'user' as const, content: 'secret question' }] };

function clientWith(gateway: GatewayOptions) {
  const upstream = createInMemoryFetch(() => ({ text: 'secret answer' }));
  const client = createGatewayClient({
    apiKey: 'sk-canary',
    baseURL: 'http://provider.test/v1',
    fetch: upstream,
    gateway,
  });
  return { client, upstream };
}

const linesOf = (file: string): string[] => readFileSync(file, 'utf8').split('\n').slice(0, -1);

describe('the request log', () => {
  it('writes one row for every call, without content and without keys', async () => {
    const rows: LogRow[] = [];
    const { client } = clientWith({ log: (row) => rows.push(row), metadata: { userId: 'u1' } });

    await client.chat.completions.create(ask);
    for await (const _ of await client.chat.completions.create({ ...ask, stream: true }));

    expect(rows.map(({ outcome, stream, operation }) => ({ outcome, stream, operation }))).toEqual([
      { outcome: 'success', stream: false, operation: 'chat' },
      { outcome: 'success', stream: true, operation: 'chat' },
    ]);
    expect(rows[1]?.usage?.outputTokens).toBeGreaterThan(0);
    expect(rows[0]?.metadata).toEqual({ userId: 'u1' });
    expect(JSON.stringify(rows)).not.toMatch(/secret|canary/);
  });

  it('holds bodies only where they are asked for, redacted before they are cut', async () => {
    const rows: LogRow[] = [];
    const redact = (text: string) => text.replaceAll('secret', '[…]');
    const { client } = clientWith({
      log: { sink: (row) => rows.push(row), bodies: true, redact, maxBodyBytes: 40 },
    });

    await client.chat.completions.create(ask);

    expect(rows[0]?.request).toMatch(/^\{"model"/);
    expect(Buffer.byteLength(rows[0]?.request ?? '')).toBeLessThanOrEqual(43);
    expect(JSON.stringify(rows[0])).not.toContain('secret');
  });

  it('leaves a body out whose redaction throws', async () => {
    const rows: LogRow[] = [];
    const redact = () => {
      throw new Error('no');
    };
    const { client } = clientWith({ log: { sink: (row) => rows.push(row), bodies: true, redact } });

    await client.chat.completions.create(ask);

    expect(rows[0]?.request).toBeUndefined();
    expect(rows).toHaveLength(1);
  });

  it.each([
    [
      'throws',
      () => {
        throw new Error('sink');
      },
    ],
    ['rejects', () => Promise.reject(new Error('sink'))],
  ])('counts what a sink that %s has lost, and leaves calls alone', async (_, sink) => {
    const { client } = clientWith({ log: { sink } });

    await client.chat.completions.create(ask);
    await client.chat.completions.create(ask);
    await client.gateway.flush();

    expect(client.gateway.droppedRows).toBe(2);
  });

  it('writes lines of JSON to a file, all of them once flush() has resolved', async () => {
    const file = join(folder, 'deep', 'calls.jsonl');
    const { client } = clientWith({ log: { file } });

    await Promise.all(Array.from({ length: 50 }, () => client.chat.completions.create(ask)));
    await client.gateway.flush();

    const ids = linesOf(file).map((line) => JSON.parse(line).id);
    expect(new Set(ids).size).toBe(50);
  });

  it('keeps control characters escaped, one line a row', async () => {
    const file = join(folder, 'calls.jsonl');
    const { client } = clientWith({
      log: { file },
      metadata: { tag: 'x\n{"level":"fatal"}\u001b[31m' },
    });

    await client.chat.completions.create({ ...ask, model: 'm\r\nfake: 1' });
    await client.gateway.flush();

    const lines = linesOf(file);
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0] ?? '').requestModel).toBe('m\r\nfake: 1');
    expect([...(lines[0] ?? '')].filter((character) => character < ' ')).toEqual([]);
  });

  it('puts files aside when they are full, and keeps as many as it was told', async () => {
    const file = join(folder, 'calls.jsonl');
    const { client } = clientWith({ log: { file, maxBytes: 1_500, maxFiles: 2, intervalMs: 0 } });

    for (let call = 0; call < 8; call += 1) {
      await client.chat.completions.create(ask);
      await client.gateway.flush();
    }

    const kept = [file, `${file}.1`, `${file}.2`].flatMap(linesOf);
    expect(kept.length).toBeGreaterThan(2);
    expect(() => readFileSync(`${file}.3`)).toThrow();
    for (const line of kept) expect(() => JSON.parse(line)).not.toThrow();
  });

  it('goes on after half a line that a killed process left', async () => {
    const file = join(folder, 'calls.jsonl');
    writeFileSync(file, '{"id":"half');
    const { client } = clientWith({ log: { file } });

    await client.chat.completions.create(ask);
    await client.gateway.flush();

    const lines = linesOf(file);
    expect(lines[0]).toBe('{"id":"half');
    expect(JSON.parse(lines[1] ?? '').outcome).toBe('success');
  });

  it('drops and counts rows above its bound while the file cannot be written', async () => {
    const blocked = join(folder, 'file');
    writeFileSync(blocked, '');
    const { client } = clientWith({ log: { file: join(blocked, 'calls.jsonl'), maxBuffered: 3 } });

    for (let call = 0; call < 5; call += 1) await client.chat.completions.create(ask);
    await client.gateway.flush();

    expect(client.gateway.droppedRows).toBe(2);
  });
});
