/** Bytes that are pulled, with backpressure. One reader; no `tee()`, no `clone()`. */
export interface ByteSource {
  /** The next bytes (never empty), or `null` at a clean end. Rejects with what broke the body. */
  pull(): Promise<Uint8Array | null>;
  /** What else is here already, piece by piece and without waiting; `undefined` where nothing is, or nobody knows. */
  more?(): Uint8Array | undefined;
  /** Whether the clean end has come, and all that was before it has been pulled. Absent where nobody knows. */
  readonly isOver?: boolean;
  /** Gives up the body and closes the upstream. Idempotent; never throws. */
  cancel(reason?: unknown): void;
}

/** Adopts a body that is a web stream; locks it at the first pull. */
export function sourceFromStream(stream: ReadableStream<Uint8Array>): ByteSource {
  let reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  let givenUp: { readonly reason: unknown } | undefined;
  return {
    async pull() {
      reader ??= stream.getReader();
      for (;;) {
        const { done, value } = await reader.read();
        // A stream that was cancelled looks like one that ended.
        if (done && givenUp) throw givenUp.reason;
        if (done) return null;
        if (value.byteLength > 0) return value;
      }
    },
    cancel(reason) {
      givenUp ??= {
        reason: reason ?? new DOMException('This operation was aborted', 'AbortError'),
      };
      (reader ?? stream).cancel(reason).catch(() => undefined);
    },
  };
}

/** A source of bytes that are all here. */
export function sourceFromBytes(bytes: Uint8Array | null): ByteSource {
  let rest = bytes?.byteLength ? bytes : null;
  return {
    pull() {
      const next = rest;
      rest = null;
      return Promise.resolve(next);
    },
    cancel() {
      rest = null;
    },
  };
}

/** Hands a source out as the byte stream that `fetch` would give. */
export function streamFromSource(source: ByteSource): ReadableStream<Uint8Array> {
  return new ReadableStream(
    {
      type: 'bytes',
      async pull(controller) {
        const chunk = await source.pull();
        if (chunk === null) {
          controller.close();
          controller.byobRequest?.respond(0);
        } else {
          controller.enqueue(ownChunk(chunk));
        }
      },
      cancel(reason) {
        source.cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
}

/**
 * A byte stream transfers the buffer of what is enqueued, and a chunk may be a window on a buffer that
 * other chunks share.
 */
function ownChunk(chunk: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(chunk);
}

/** Reads a source to its end. Throws what `onLimit` returns once it passes `maxBytes`. */
export async function collectSource(
  source: ByteSource,
  maxBytes: number,
  onLimit: () => Error,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let total = 0;
  for (let chunk = await source.pull(); chunk !== null; chunk = await source.pull()) {
    total += chunk.byteLength;
    if (total > maxBytes) {
      const error = onLimit();
      source.cancel(error);
      throw error;
    }
    chunks.push(chunk);
  }
  return joinChunks(chunks);
}

/** One piece from many, without copying where there is one. */
export function joinChunks(chunks: readonly Uint8Array[]): Uint8Array {
  const [first] = chunks;
  if (first === undefined) return new Uint8Array(0);
  return chunks.length === 1 ? first : Buffer.concat(chunks);
}
