/** One step of a raw script: bytes on the socket, a pause, or the end of the socket. After `hang` nothing more is sent and the socket stays open. */
export type WireStep =
  | { readonly do: 'write'; readonly bytes: string | Uint8Array }
  | { readonly do: 'sleep'; readonly ms: number }
  | { readonly do: 'fin' }
  | { readonly do: 'reset' }
  | { readonly do: 'hang' };

/** Words of a raw script: `wire: [wire.write('HTTP/1.1 200 OK\r\n'), wire.sleep(5), wire.reset()]`. */
export const wire = {
  /** Writes bytes; a string is UTF-8. */
  write: (bytes: string | Uint8Array): WireStep => ({ do: 'write', bytes }),
  /** Writes bytes as one chunk of a chunked body. */
  chunk: (bytes: string | Uint8Array): WireStep => ({ do: 'write', bytes: frameChunk(bytes) }),
  /** Waits, unless the client leaves first. */
  sleep: (ms: number): WireStep => ({ do: 'sleep', ms }),
  /** Ends the socket after what was written. */
  fin: (): WireStep => ({ do: 'fin' }),
  /** Resets the socket. */
  reset: (): WireStep => ({ do: 'reset' }),
  /** Sends nothing more and keeps the socket open. */
  hang: (): WireStep => ({ do: 'hang' }),
} as const;

/** Frames bytes as one chunk of a chunked body. */
export function frameChunk(bytes: string | Uint8Array): Uint8Array {
  const data = typeof bytes === 'string' ? Buffer.from(bytes) : bytes;
  return Buffer.concat([Buffer.from(`${data.length.toString(16)}\r\n`), data, Buffer.from('\r\n')]);
}
