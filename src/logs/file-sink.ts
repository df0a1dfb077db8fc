import { appendFile, mkdir, open, rename, rm, stat, truncate } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Logger } from '../pipeline/contract.js';

/** Where rows go in a file. */
export interface FileSinkOptions {
  /** Path of the file; its folder is made. */
  readonly file: string;
  /** A larger file is put aside as `file.1`, and so on. @defaultValue 67108864 (64 MiB) */
  readonly maxBytes?: number | undefined;
  /** Files that were put aside and are kept. @defaultValue 4 */
  readonly maxFiles?: number | undefined;
  /** Rows that may wait to be written; more are dropped and counted. @defaultValue 10000 */
  readonly maxBuffered?: number | undefined;
  /** How long a row may wait to be written with others, in ms. @defaultValue 100 */
  readonly intervalMs?: number | undefined;
}

const DEFAULTS = { maxBytes: 64 * 1024 * 1024, maxFiles: 4, maxBuffered: 10_000, intervalMs: 100 };
const RETRY_MS = 1_000;

/**
 * A file of JSON lines. One write at a time, of all that has come meanwhile; a file that ended in half a
 * line (a process was killed) is continued on a new one. What cannot be written stays, up to the bound.
 */
export class FileSink {
  readonly #options: Required<{
    [Key in keyof FileSinkOptions]: NonNullable<FileSinkOptions[Key]>;
  }>;
  readonly #logger: Logger;
  #rows: string[] = [];
  #bytes: number | undefined;
  #writing: Promise<void> | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #failed = false;
  #dropped = 0;

  constructor(options: FileSinkOptions, logger: Logger) {
    const given = Object.fromEntries(
      Object.entries(options).filter(([, value]) => value !== undefined),
    );
    this.#options = { ...DEFAULTS, file: options.file, ...given };
    this.#logger = logger;
  }

  /** Rows that were not written and will not be. */
  get dropped(): number {
    return this.#dropped;
  }

  write(line: string): void {
    if (this.#rows.length >= this.#options.maxBuffered) {
      this.#dropped += 1;
      return;
    }
    this.#rows.push(line);
    if (this.#timer || this.#writing) return;
    this.#schedule(this.#options.intervalMs);
  }

  #schedule(delayMs: number): void {
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      void this.#drain();
    }, delayMs);
    this.#timer.unref();
  }

  /** Resolves when what came before is written, or cannot be. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    await this.#drain();
  }

  /** Resolves when what came before is written; what cannot be is given up, and counted. */
  async close(): Promise<void> {
    await this.flush();
    clearTimeout(this.#timer);
    this.#dropped += this.#rows.length;
    this.#rows = [];
  }

  #drain(): Promise<void> {
    this.#writing ??= this.#writeAll().finally(() => {
      this.#writing = undefined;
      if (this.#rows.length > 0 && this.#timer === undefined) {
        this.#schedule(this.#failed ? RETRY_MS : this.#options.intervalMs);
      }
    });
    return this.#writing;
  }

  async #writeAll(): Promise<void> {
    while (this.#rows.length > 0) {
      const rows = this.#rows;
      this.#rows = [];
      try {
        await this.#append(`${rows.join('\n')}\n`);
        this.#failed = false;
      } catch (error) {
        this.#keep(rows);
        if (!this.#failed)
          this.#logger.error?.('the request log cannot be written', { error: String(error) });
        this.#failed = true;
        this.#bytes = undefined;
        return;
      }
    }
  }

  /** Puts rows back that could not be written, as many as there is room for. */
  #keep(rows: readonly string[]): void {
    const room = Math.max(0, this.#options.maxBuffered - this.#rows.length);
    this.#dropped += Math.max(0, rows.length - room);
    this.#rows = [...rows.slice(0, room), ...this.#rows];
  }

  async #append(text: string): Promise<void> {
    const { file, maxBytes } = this.#options;
    this.#bytes ??= await this.#begin();
    if (this.#bytes > 0 && this.#bytes + text.length > maxBytes) {
      await this.#rotate();
      this.#bytes = 0;
    }
    const before = this.#bytes;
    try {
      await appendFile(file, text);
    } catch (error) {
      // What was written of it is written again: half a row would be no row.
      await truncate(file, before).catch(() => undefined);
      throw error;
    }
    this.#bytes = before + Buffer.byteLength(text);
  }

  /** The size of the file as it is, after half a line that may stand at its end was closed. */
  async #begin(): Promise<number> {
    const { file } = this.#options;
    await mkdir(dirname(file), { recursive: true });
    const size = await stat(file).then(
      (found) => found.size,
      () => 0,
    );
    if (size === 0) return 0;
    const handle = await open(file, 'r');
    try {
      const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, size - 1);
      if (buffer[0] !== 10) await appendFile(file, '\n');
    } finally {
      await handle.close();
    }
    return size;
  }

  async #rotate(): Promise<void> {
    const { file, maxFiles } = this.#options;
    await rm(`${file}.${maxFiles}`, { force: true });
    for (let index = maxFiles - 1; index >= 1; index -= 1) {
      await rename(`${file}.${index}`, `${file}.${index + 1}`).catch(() => undefined);
    }
    if (maxFiles > 0) await rename(file, `${file}.1`);
    else await rm(file, { force: true });
  }
}
