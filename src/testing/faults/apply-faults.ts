import { gzipSync } from 'node:zlib';

import { type Answer, isStream } from '../answer.js';
import type { Pacing } from '../reply.js';
import { writeEvent } from '../sse.js';
import { buildScript, type Cut, type Script } from '../wire/script.js';
import { changeEvents, replaceAnswer } from './change-answer.js';
import type { Fault, GzipFault } from './fault.js';
import { limitPieces } from './limit-pieces.js';

/** What the faults of one request are applied to. */
export interface FaultInput {
  readonly answer: Answer;
  readonly faults: readonly Fault[];
  readonly pacing: Pacing;
  /** Path of the request, for redirects. */
  readonly target: string;
  /** Without a socket there is no content coding, only its failure. */
  readonly hasSocket: boolean;
}

/** Applies faults in three rounds (the answer, its events, its bytes) and lays out the result. */
export function applyFaults(input: FaultInput): Script {
  const { pacing } = input;
  const replaced = input.faults.reduce(
    (answer, fault) => replaceAnswer(answer, fault, input.target),
    input.answer,
  );
  const changed = input.faults.reduce(changeEvents, replaced);
  const gzip = input.faults.find((fault) => fault.kind === 'gzip');
  const { pieces, headers, cut } = encode(changed, pacing, { gzip, hasSocket: input.hasSocket });
  const limited = limitPieces(pieces, input.faults, cut);
  return buildScript({ status: changed.status, headers, pacing, ...limited });
}

/** Adds what `pace` faults ask for to the pacing of the reply. */
export function mergePacing(pacing: Pacing, faults: readonly Fault[]): Pacing {
  const paces = faults.filter((fault) => fault.kind === 'pace');
  const set = paces.flatMap((pace) =>
    Object.entries(pace).filter(([, value]) => value !== undefined),
  );
  return { ...pacing, ...Object.fromEntries(set) };
}

interface Encoded {
  readonly pieces: readonly Uint8Array[];
  readonly headers: readonly (readonly [string, string])[];
  readonly cut: Cut | undefined;
}

function encode(
  answer: Answer,
  pacing: Pacing,
  { gzip, hasSocket }: { gzip: GzipFault | undefined; hasSocket: boolean },
): Encoded {
  const plain = writeBody(answer, pacing);
  const failsUnzipping = gzip?.mode === 'lie' || gzip?.mode === 'truncated';
  const pieces = gzip !== undefined && hasSocket ? zip(plain, gzip) : plain;
  const coding = gzip === undefined ? [] : [['content-encoding', 'gzip'] as const];
  const cut: Cut | undefined =
    failsUnzipping && !hasSocket ? { how: 'reset', at: 'headers', lingerMs: 0 } : undefined;
  const headers = [...Object.entries(answer.headers), ...coding, ...framing(answer, pieces)];
  return { pieces, headers, cut };
}

function writeBody(answer: Answer, { newline = '\n', comment }: Pacing): readonly Uint8Array[] {
  if (hasNoBody(answer)) return [];
  if (!isStream(answer.body)) return [answer.body];
  return answer.body.map((event) => Buffer.from(writeEvent(event, newline, comment)));
}

/** The header that says where the body ends, unless the reply set one itself, right or wrong. */
function framing(
  answer: Answer,
  pieces: readonly Uint8Array[],
): readonly (readonly [string, string])[] {
  const own = answer.headers;
  const isFramed = own['content-length'] !== undefined || own['transfer-encoding'] !== undefined;
  if (isFramed || hasNoBody(answer)) return [];
  if (isStream(answer.body)) return [['transfer-encoding', 'chunked']];
  return [['content-length', String(pieces.reduce((sum, piece) => sum + piece.length, 0))]];
}

function hasNoBody({ status }: Answer): boolean {
  return status === 204 || status === 304;
}

/** Every event is a gzip member of its own, so that each can be read when it arrives. */
function zip(pieces: readonly Uint8Array[], { mode }: GzipFault): readonly Uint8Array[] {
  if (mode === 'lie') return pieces;
  const zipped = pieces.map((piece): Uint8Array => gzipSync(piece));
  if (mode !== 'truncated') return zipped;
  return zipped.map((piece, index) =>
    index === zipped.length - 1 ? piece.subarray(0, piece.length - 12) : piece,
  );
}
