import { expect, it } from 'vitest';
import type { FaultCase } from './fault-case.js';
import { judge } from './judge.js';
import { type Origin, type SharedCatalogue, startOwnOrigin } from './origin.js';
import type { Report } from './report.js';
import { Scene } from './scene.js';
import { json } from './script.js';
import { type Sdk, sdks } from './sdks.js';

/** What cases are run with. */
export interface RunOptions {
  readonly report: Report;
  readonly shared: SharedCatalogue | undefined;
}

/** For a machine that is busy with other things; a case takes a fraction of it. */
const TIMEOUT_MS = 60_000;

/** Makes tests of cases: each with every SDK it is for, on its own script and on the shared one of its id. */
export function runCases(cases: readonly FaultCase[], { report, shared }: RunOptions): void {
  for (const one of cases) {
    report.expect(one.id, one.priority, one.title);
    for (const sdk of sdks) {
      if (one.sdks && !one.sdks.includes(sdk.name)) continue;
      const name = `${one.id}${one.variant ? ` (${one.variant})` : ''} ${one.title}`;
      add(`${name}, ${sdk.name}`, one, sdk, () => ownOrigins(one, sdk));
      if (shared && isInShared(one, sdk, shared)) {
        add(`${name}, ${sdk.name}, shared script`, one, sdk, () => sharedOrigins(one, shared));
      }
    }
  }

  function add(title: string, one: FaultCase, sdk: Sdk, start: () => Promise<Origins>): void {
    it(title, { timeout: TIMEOUT_MS }, async (context) => {
      const record = report.begin(one.id, sdk.name);
      try {
        await runOnce(one, sdk, await start());
        record('passed');
      } catch (error) {
        if (one.pending === undefined) throw error;
        record('unimplemented');
        context.skip(one.pending);
      }
    });
  }
}

/** The servers of a run. */
interface Origins {
  readonly origin: Origin;
  readonly other?: Origin;
}

async function ownOrigins(one: FaultCase, { shape }: Sdk): Promise<Origins> {
  const { attempts = ({ ok }) => [[json(200, ok)]], other } = one;
  const origin = await (one.origin?.(shape) ?? startOwnOrigin(attempts(shape)));
  return other ? { origin, other: await startOwnOrigin(other(shape)) } : { origin };
}

async function sharedOrigins({ id, other }: FaultCase, shared: SharedCatalogue): Promise<Origins> {
  const origin = await shared.start(id, 'script');
  return other ? { origin, other: await shared.start(id, 'scriptB') } : { origin };
}

function isInShared(one: FaultCase, sdk: Sdk, shared: SharedCatalogue): boolean {
  const { isShared = one.attempts !== undefined && one.variant === undefined } = one;
  const known = shared.cases.get(one.id);
  if (!isShared || !Array.isArray(known?.script)) return false;
  if (one.other && !Array.isArray(known.scriptB)) return false;
  // Its scripts speak OpenAI's chat API, but where a case is about Anthropic's.
  return sdk.name !== 'anthropic 1' || one.sdks?.length === 1;
}

async function runOnce(one: FaultCase, sdk: Sdk, origins: Origins): Promise<void> {
  const stage = await one.stage?.();
  const { act, gateway } = stage ?? one;
  const scene = new Scene({ sdk, ...origins, faultCase: { ...one, ...(gateway && { gateway }) } });
  let complaints: readonly string[] = [];
  try {
    if (act) await act(scene);
    else if (one.expect) await judge(scene, await scene.call(), one.expect);
    await scene.finish();
  } finally {
    try {
      await stage?.close?.();
    } finally {
      complaints = await scene.dispose();
    }
  }
  expect(complaints, 'what the process complained of').toEqual([]);
}
