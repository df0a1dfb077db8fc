import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { vi } from 'vitest';
import { type FakeProvider, type Replier, startFakeProvider } from 'zerohop/testing';
import type { Attempt } from './script.js';

/** A request as it came in. */
export interface SeenRequest {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** All of it. */
  readonly wire: string;
}

/** An upstream that plays a case's script: attempt k plays entry k, and the last entry repeats. */
export interface Origin {
  /** Base URL without a version. */
  readonly url: string;
  /** Requests that came in. */
  readonly hits: number;
  /** Resolves when the socket of the last request has closed. */
  lastClosed(): Promise<void>;
  /** Resolves when no socket is open. */
  quiet(): Promise<void>;
  close(): Promise<void>;
  /** What came in. */
  readonly seen?: readonly SeenRequest[];
}

/** An origin that also shows the requests it got. */
export interface OwnOrigin extends Origin {
  readonly provider: FakeProvider;
}

/** Plays a script of this repository. */
export function startOwnOrigin(attempts: readonly Attempt[]): Promise<OwnOrigin> {
  return startReplies(({ index }) => ({ wire: attempts[Math.min(index, attempts.length - 1)] }));
}

/** Answers each request as `reply` says. */
export async function startReplies(reply: Replier): Promise<OwnOrigin> {
  const provider = await startFakeProvider({ reply });
  return {
    provider,
    url: provider.url,
    get hits() {
      return provider.requests.length;
    },
    get seen() {
      return provider.requests.map(({ target, headers, rawHeaders, text }) => ({
        headers,
        body: text,
        wire: JSON.stringify([target, rawHeaders, text]),
      }));
    },
    async lastClosed() {
      await provider.requests.at(-1)?.settled;
    },
    quiet: () => until(() => provider.openSockets === 0),
    close: provider.close,
  };
}

interface SharedServer {
  readonly port: number;
  readonly hits: ReadonlyMap<string, readonly { readonly head: string; readonly body: string }[]>;
  readonly closes: ReadonlyMap<string, readonly unknown[]>;
  stop(): void;
}

/** One case of the optional shared catalogue, as far as it is read here. */
export interface SharedCase {
  readonly id: string;
  readonly group: string;
  readonly priority: 'P0' | 'P1' | 'P2';
  readonly title: string;
  readonly script: unknown;
  readonly scriptB: unknown;
}

/** A script of a case: that of its first target, or of the other one. */
export type SharedScript = 'script' | 'scriptB';

/** The optional shared catalogue with what replays it. */
export interface SharedCatalogue {
  readonly cases: ReadonlyMap<string, SharedCase>;
  start(id: string, which: SharedScript): Promise<Origin>;
}

interface SharedModule {
  load(path: string): { readonly cases: readonly SharedCase[] };
  serve(catalogue: object, options: { readonly which: SharedScript }): Promise<SharedServer>;
}

/** Reads the catalogue in `../shared` beside the repository, where there is one. */
export async function findSharedCatalogue(): Promise<SharedCatalogue | undefined> {
  const shared = new URL('../../../../../shared/', import.meta.url);
  const script = new URL('faultd.mjs', shared);
  const data = new URL('faults.json', shared);
  if (!existsSync(script) || !existsSync(data)) return undefined;
  // Not part of the repository, so its types are known here only.
  const replayer = (await import(/* @vite-ignore */ script.href)) as SharedModule;
  const catalogue = replayer.load(fileURLToPath(data));
  const cases = new Map(catalogue.cases.map((one) => [one.id, one]));
  return {
    cases,
    start: async (id, which) => sharedOrigin(id, await replayer.serve(catalogue, { which })),
  };
}

function sharedOrigin(id: string, server: SharedServer): Origin {
  const sockets = () => server.closes.get(id)?.length ?? 0;
  return {
    url: `http://127.0.0.1:${server.port}/${id}`,
    get hits() {
      return server.hits.get(id)?.length ?? 0;
    },
    get seen() {
      return (server.hits.get(id) ?? []).map(({ head, body }) => ({
        headers: headersOf(head),
        body,
        wire: head + body,
      }));
    },
    lastClosed: () => until(() => sockets() > 0),
    quiet: () => Promise.resolve(),
    close: () => Promise.resolve(server.stop()),
  };
}

/** By name in lower case; of a name that was repeated the last one. */
function headersOf(head: string): Readonly<Record<string, string>> {
  const lines = head.split('\r\n').slice(1);
  return Object.fromEntries(
    lines.map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    }),
  );
}

/** Waits for something to become true. */
export async function until(isTrue: () => boolean): Promise<void> {
  await vi.waitUntil(isTrue, { timeout: 5_000, interval: 5 });
}
