import { expect } from 'vitest';
import { wire } from 'zerohop/testing';
import type { FaultCase } from '../harness/fault-case.js';
import { judge } from '../harness/judge.js';
import type { Scene } from '../harness/scene.js';
import { gzipped, json, shortBody } from '../harness/script.js';

const answered = { outcome: 'success', text: 'hello world', usage: 'reported' } as const;
const retried = { ...answered, hits: 2 } as const;
const cut = [wire.sleep(20), wire.fin()];

/** Faults of the connection and of what HTTP wraps a body in. */
export const transportCases: readonly FaultCase[] = [
  {
    id: 'T01',
    priority: 'P0',
    title: 'reset before any response byte, then healthy',
    attempts: ({ ok }) => [[wire.reset()], [json(200, ok)]],
    expect: { ...retried, kinds: ['connection', undefined] },
  },
  {
    id: 'T01',
    variant: 'for ever',
    priority: 'P0',
    title: 'reset before any response byte',
    attempts: () => [[wire.reset()]],
    expect: {
      outcome: 'error',
      hits: 3,
      kinds: ['connection', 'connection', 'connection'],
      error: { is: 'APIConnectionError' },
      usage: 'none',
    },
  },
  {
    id: 'T04',
    priority: 'P1',
    title: 'header block cut in half',
    attempts: ({ ok }) => [
      [wire.write('HTTP/1.1 200 OK\r\ncontent-type: applic'), ...cut],
      [json(200, ok)],
    ],
    expect: { ...retried, kinds: ['connection', undefined] },
  },
  {
    id: 'T06',
    priority: 'P0',
    title: 'JSON body shorter than content-length',
    attempts: ({ ok }) => [shortBody(ok, cut), [json(200, ok)]],
    expect: { ...retried, kinds: ['connection', undefined] },
  },
  {
    id: 'T06',
    variant: 'for ever',
    priority: 'P0',
    title: 'JSON body shorter than content-length',
    attempts: ({ ok }) => [shortBody(ok, cut)],
    expect: {
      outcome: 'error',
      hits: 3,
      kinds: ['connection', 'connection', 'connection'],
      error: { is: 'APIConnectionError' },
      usage: 'none',
      check: ({ error }) => expect(error).not.toBeInstanceOf(TypeError),
    },
  },
  {
    id: 'T08',
    priority: 'P0',
    title: 'stale keep-alive connection',
    pool: { connections: 1 },
    attempts: ({ ok }) => [[json(200, ok)], [wire.reset()], [json(200, ok)]],
    act: staleConnection,
  },
  {
    id: 'T10',
    priority: 'P1',
    title: 'DNS failure',
    pool: { connect: { lookup: failLookup } },
    act: failedLookup,
  },
  {
    id: 'T12',
    priority: 'P1',
    title: 'gzip JSON',
    attempts: ({ ok }) => [gzipped(ok, 'ok')],
    expect: answered,
  },
  {
    id: 'T12',
    variant: 'the raw response',
    priority: 'P1',
    title: 'gzip JSON',
    attempts: ({ ok }) => [gzipped(ok, 'ok')],
    act: decodedResponse,
  },
  {
    id: 'T13',
    priority: 'P1',
    title: 'content-encoding that lies',
    attempts: ({ ok }) => [gzipped(ok, 'lie')],
    expect: {
      outcome: 'error',
      hits: 3,
      kinds: ['malformed', 'malformed', 'malformed'],
      error: { is: 'APIConnectionError', message: /content-encoding/ },
    },
  },
  {
    id: 'T15',
    priority: 'P2',
    title: '103, then 200',
    attempts: ({ ok }) => [
      [
        wire.write('HTTP/1.1 103 Early Hints\r\nlink: </x>; rel=preload\r\n\r\n'),
        wire.sleep(5),
        json(200, ok),
      ],
    ],
    expect: answered,
  },
  {
    id: 'T16',
    priority: 'P2',
    title: 'response headers over 16 KiB',
    attempts: ({ ok }) => [[json(200, ok, { 'x-pad': 'p'.repeat(20_000) })]],
    expect: {
      outcome: 'error',
      kinds: ['connection'],
      error: { is: 'APIConnectionError', message: /HEADERS_OVERFLOW/ },
    },
  },
];

async function staleConnection(scene: Scene): Promise<void> {
  await judge(scene, await scene.call(), answered);

  const second = await scene.call();

  await judge(scene, second, { ...answered, hits: 3, attempts: 2, waits: [] });
  expect(scene.settled[1]?.attempts.map(({ failure }) => failure?.kind)).toEqual([
    'connection',
    undefined,
  ]);
}

type Lookup = (error: NodeJS.ErrnoException) => void;

/** What Node's resolver says of a name that does not exist. */
function failLookup(hostname: string, _options: object, done: Lookup): void {
  const error = new Error(`getaddrinfo ENOTFOUND ${hostname}`);
  done(Object.assign(error, { code: 'ENOTFOUND', syscall: 'getaddrinfo', hostname }));
}

async function failedLookup(scene: Scene): Promise<void> {
  scene.unseenAttempts = 3;

  const result = await scene.call({}, scene.connect({ url: 'http://nx.invalid' }));

  await judge(scene, result, {
    outcome: 'error',
    hits: 0,
    attempts: 3,
    kinds: ['connection', 'connection', 'connection'],
    error: { is: 'APIConnectionError', message: /ENOTFOUND.*nx\.invalid/ },
  });
  expect(scene.settled[0]?.attempts[0]?.failure?.code).toBe('ENOTFOUND');
}

async function decodedResponse(scene: Scene): Promise<void> {
  scene.countCall();

  const response = await scene.caller.response({}, { signal: scene.controller.signal });

  expect(response.headers.get('content-encoding')).toBeNull();
  expect(scene.sdk.textOf(Object(await response.json()))).toBe('hello world');
}
