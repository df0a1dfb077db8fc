const FIRST_BLOCK_BYTES = 1024;
const LARGEST_BLOCK_BYTES = 64 * 1024;
const REFERENCE_FROM_BYTES = 16 * 1024;

/**
 * Collects the pieces of something that arrives in pieces, at about its own size in memory: large
 * pieces are kept by reference, small ones are copied together.
 */
export class ByteHold {
  /** Bytes held. */
  length = 0;
  #blocks: Buffer[] = [];
  #tail: Buffer | undefined;
  #tailLength = 0;

  add(piece: Buffer): void {
    this.length += piece.length;
    if (piece.length >= REFERENCE_FROM_BYTES) {
      this.#seal();
      this.#blocks.push(piece);
      return;
    }
    const tail = this.#room(piece.length);
    tail.set(piece, this.#tailLength);
    this.#tailLength += piece.length;
  }

  /** Gives everything back as one piece, followed by `last`, and forgets it. */
  take(last: Buffer): Buffer {
    this.#seal();
    const blocks = this.#blocks;
    if (last.length > 0) blocks.push(last);
    this.clear();
    const [only] = blocks;
    return blocks.length === 1 && only !== undefined ? only : Buffer.concat(blocks);
  }

  clear(): void {
    this.length = 0;
    this.#blocks = [];
    this.#tail = undefined;
    this.#tailLength = 0;
  }

  /** A tail block with room for `bytes` more; small ones grow, so no byte is copied more than a few times. */
  #room(bytes: number): Buffer {
    const tail = this.#tail;
    if (tail === undefined) {
      this.#tail = Buffer.allocUnsafe(Math.max(FIRST_BLOCK_BYTES, bytes));
      return this.#tail;
    }
    if (this.#tailLength + bytes <= tail.length) return tail;
    if (tail.length >= LARGEST_BLOCK_BYTES) {
      this.#seal();
      this.#tail = Buffer.allocUnsafe(LARGEST_BLOCK_BYTES);
      return this.#tail;
    }
    const grown = Buffer.allocUnsafe(Math.max(tail.length * 2, this.#tailLength + bytes));
    grown.set(tail.subarray(0, this.#tailLength));
    this.#tail = grown;
    return grown;
  }

  #seal(): void {
    if (this.#tail !== undefined && this.#tailLength > 0) {
      this.#blocks.push(this.#tail.subarray(0, this.#tailLength));
    }
    this.#tail = undefined;
    this.#tailLength = 0;
  }
}
