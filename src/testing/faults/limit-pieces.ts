import type { Cut } from '../wire/script.js';
import type { CutFault, Fault, FaultPoint } from './fault.js';

const DEFAULT_LINGER_MS = 20;

/** What is left of a body, and how it stops. */
export interface Limited {
  readonly pieces: readonly Uint8Array[];
  readonly cut: Cut | undefined;
}

/** Applies the first fault that cuts an answer short. */
export function limitPieces(
  pieces: readonly Uint8Array[],
  faults: readonly Fault[],
  cut: Cut | undefined,
): Limited {
  for (const fault of faults) {
    if (fault.kind === 'short-body') return shortBody(pieces, fault.bytes);
    if (isCut(fault)) return limitTo(pieces, fault);
  }
  return { pieces, cut };
}

function isCut(fault: Fault): fault is CutFault {
  return ['reset', 'close', 'end', 'hang'].includes(fault.kind);
}

function shortBody(pieces: readonly Uint8Array[], bytes: number | undefined): Limited {
  const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
  return limitTo(pieces, { kind: 'close', after: { bytes: bytes ?? Math.floor(length / 2) } });
}

function limitTo(pieces: readonly Uint8Array[], fault: CutFault): Limited {
  const point: FaultPoint = fault.after ?? (fault.kind === 'end' ? { events: 1 } : 'start');
  const lingerMs = fault.lingerMs ?? DEFAULT_LINGER_MS;
  if (typeof point === 'string') {
    return { pieces: [], cut: { how: fault.kind, at: point, lingerMs } };
  }
  const kept = 'events' in point ? pieces.slice(0, point.events) : takeBytes(pieces, point.bytes);
  return { pieces: kept, cut: { how: fault.kind, at: 'body', lingerMs } };
}

function takeBytes(pieces: readonly Uint8Array[], bytes: number): readonly Uint8Array[] {
  const taken: Uint8Array[] = [];
  let left = bytes;
  for (const piece of pieces) {
    if (left <= 0) break;
    taken.push(piece.subarray(0, left));
    left -= piece.length;
  }
  return taken;
}
