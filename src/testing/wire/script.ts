import type { Pacing } from '../reply.js';
import type { WireStep } from './wire-step.js';

/** One step of an answer in terms that hold with and without a socket. */
export type ScriptStep =
  | { readonly do: 'sleep'; readonly ms: number }
  | {
      readonly do: 'head';
      readonly status: number;
      readonly headers: readonly (readonly [string, string])[];
    }
  | { readonly do: 'body'; readonly bytes: Uint8Array }
  /** Lets the event loop turn, so that writes stay apart. */
  | { readonly do: 'turn' }
  | { readonly do: 'end' | 'reset' | 'close' | 'hang' };

/** Everything that happens in answer to one request. */
export type Script =
  | { readonly steps: readonly ScriptStep[] }
  | { readonly wire: readonly WireStep[] };

/** Where and how an answer stops early. */
export interface Cut {
  readonly how: 'reset' | 'close' | 'end' | 'hang';
  readonly at: 'start' | 'headers' | 'body';
  readonly lingerMs: number;
}

/** What a script is made from. */
export interface ScriptParts {
  readonly status: number;
  readonly headers: readonly (readonly [string, string])[];
  readonly pieces: readonly Uint8Array[];
  readonly cut: Cut | undefined;
  readonly pacing: Pacing;
}

/** Lays out an answer as steps. */
export function buildScript({ status, headers, pieces, cut, pacing }: ScriptParts): Script {
  const ending = cut === undefined ? [{ do: 'end' } as const] : cutSteps(cut);
  const delay = sleepStep(pacing.headersDelayMs);
  if (cut?.at === 'start')
    return { steps: [...delay, { do: cut.how === 'end' ? 'close' : cut.how }] };
  const head: ScriptStep = { do: 'head', status, headers };
  if (cut?.at === 'headers') return { steps: [...delay, head, ...ending] };
  const body = pieces.flatMap((piece, index) => [
    ...(index === 0 ? [] : sleepStep(pacing.gapMs)),
    ...writeSteps(piece, pacing.bytesPerWrite),
  ]);
  return { steps: [...delay, head, ...body, ...ending] };
}

function cutSteps(cut: Cut): readonly ScriptStep[] {
  const needsLinger = cut.how === 'reset' || cut.how === 'close';
  return [...(needsLinger ? sleepStep(cut.lingerMs) : []), { do: cut.how }];
}

function sleepStep(ms: number | undefined): readonly ScriptStep[] {
  return ms === undefined || ms <= 0 ? [] : [{ do: 'sleep', ms }];
}

function writeSteps(piece: Uint8Array, size: number | undefined): readonly ScriptStep[] {
  if (size === undefined || size <= 0) return [{ do: 'body', bytes: piece }];
  const steps: ScriptStep[] = [];
  for (let index = 0; index < piece.length; index += size) {
    steps.push({ do: 'body', bytes: piece.subarray(index, index + size) }, { do: 'turn' });
  }
  return steps;
}
