import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';

import { pause, untilAborted } from './pause.js';
import type { Script, ScriptStep } from './script.js';
import { frameChunk, type WireStep } from './wire-step.js';

/** How playing a script left the socket: `open` can carry the next request. */
export type PlayResult = 'open' | 'ended' | 'client-closed';

/** What the player needs to know of the request. */
export interface PlayOptions {
  /** Aborts when the socket has closed. */
  readonly closed: AbortSignal;
  /** A HEAD request gets no body. */
  readonly omitBody: boolean;
  /** The client asked for `connection: close`. */
  readonly closeAfter: boolean;
}

/** Plays an answer on a socket, byte by byte as the script says. */
export async function playOnSocket(
  socket: Socket,
  script: Script,
  options: PlayOptions,
): Promise<PlayResult> {
  if ('wire' in script) return playWire(socket, script.wire, options.closed);
  let isChunked = false;
  for (const step of script.steps) {
    if (options.closed.aborted) return 'client-closed';
    if (step.do === 'head') isChunked = step.headers.some(([name]) => name === 'transfer-encoding');
    const result = await playStep(socket, step, { ...options, isChunked });
    if (result !== undefined) return result;
  }
  return 'open';
}

type StepOptions = PlayOptions & { readonly isChunked: boolean };

async function playStep(
  socket: Socket,
  step: ScriptStep,
  options: StepOptions,
): Promise<PlayResult | undefined> {
  switch (step.do) {
    case 'sleep':
      await pause(step.ms, options.closed);
      return undefined;
    case 'turn':
      await new Promise((resolve) => setImmediate(resolve));
      return undefined;
    case 'head':
      return send(socket, Buffer.from(writeHead(step, options.closeAfter)));
    case 'body':
      if (options.omitBody || step.bytes.length === 0) return undefined;
      return send(socket, options.isChunked ? frameChunk(step.bytes) : step.bytes);
    case 'end':
      return endBody(socket, options);
    default:
      return endSocket(socket, step.do, options.closed);
  }
}

function writeHead(step: Extract<ScriptStep, { do: 'head' }>, closeAfter: boolean): string {
  const headers = step.headers.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  const connection = closeAfter ? 'close' : 'keep-alive';
  const reason = STATUS_CODES[step.status] ?? 'Unknown';
  return `HTTP/1.1 ${step.status} ${reason}\r\n${headers}connection: ${connection}\r\n\r\n`;
}

async function endBody(socket: Socket, options: StepOptions): Promise<PlayResult> {
  if (options.isChunked && !options.omitBody) await send(socket, Buffer.from('0\r\n\r\n'));
  if (!options.closeAfter) return 'open';
  socket.end();
  return 'ended';
}

async function endSocket(
  socket: Socket,
  how: 'reset' | 'close' | 'hang',
  closed: AbortSignal,
): Promise<PlayResult> {
  if (how === 'reset') socket.resetAndDestroy();
  else if (how === 'close') socket.end();
  else {
    await untilAborted(closed);
    return 'client-closed';
  }
  return 'ended';
}

async function playWire(
  socket: Socket,
  steps: readonly WireStep[],
  closed: AbortSignal,
): Promise<PlayResult> {
  for (const step of steps) {
    if (closed.aborted) return 'client-closed';
    if (step.do === 'write') await send(socket, step.bytes);
    else if (step.do === 'sleep') await pause(step.ms, closed);
    else return endSocket(socket, step.do === 'fin' ? 'close' : step.do, closed);
  }
  return 'open';
}

/** Writes and waits until the kernel has the bytes; a socket that closes meanwhile ends the wait. */
function send(socket: Socket, bytes: string | Uint8Array): Promise<undefined> {
  return new Promise((resolve) => {
    if (!socket.writable) return resolve(undefined);
    const finish = (): void => {
      socket.off('close', finish);
      resolve(undefined);
    };
    socket.once('close', finish);
    socket.write(bytes, finish);
  });
}
