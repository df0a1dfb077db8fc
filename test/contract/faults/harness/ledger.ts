import { SpanKind } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { expect } from 'vitest';
import type { GatewayOptions, LogRow, Settlement } from 'zerohop';
import {
  recordSpans,
  type SeenSpan,
  see,
} from '../../../integration/telemetry/support/recording.js';

/** What a gateway told its logger. */
export interface Note {
  readonly message: string;
  readonly detail: Readonly<Record<string, unknown>>;
}

/** Everything a gateway writes about its calls: rows of its log, spans, and what it tells its logger. */
export class Ledger {
  readonly rows: LogRow[] = [];
  readonly notes: Note[] = [];
  readonly #recording = recordSpans();
  readonly #isKept: boolean;
  /** The case's own options, and what they are watched with. */
  readonly options: GatewayOptions;

  /** A case that has a log of its own sees to its rows itself. */
  constructor(options: GatewayOptions = {}) {
    this.#isKept = options.log === undefined;
    const note = (message: string, detail = {}) => void this.notes.push({ message, detail });
    this.options = {
      logger: { debug: note, warn: note, error: note },
      log: (row) => void this.rows.push(row),
      telemetry: { tracerProvider: this.#recording.tracerProvider },
      ...options,
    };
  }

  /** All spans that have ended. */
  spans(): readonly ReadableSpan[] {
    return this.#recording.spans();
  }

  /** Spans without a parent, in the order of their ends. */
  roots(): readonly SeenSpan[] {
    const spans = this.#recording.spans();
    return spans.filter(({ parentSpanContext }) => parentSpanContext === undefined).map(see);
  }

  /** Asserts that each target a call asked has one span, whatever it took there. */
  judgeTargets(settled: readonly Settlement[]): void {
    for (const { callId, attempts } of settled) {
      const asked = new Set(attempts.map(({ target }) => target));
      expect(this.#clientSpans(callId), 'client spans of a call').toBe(asked.size);
    }
  }

  #clientSpans(callId: string): number {
    const spans = this.#recording.spans();
    const root = spans.find(({ attributes }) => attributes['zerohop.call.id'] === callId);
    const traceId = root?.spanContext().traceId;
    return spans.filter(
      (span) => span.kind === SpanKind.CLIENT && span.spanContext().traceId === traceId,
    ).length;
  }

  /** What was written, to be searched. */
  said(): readonly unknown[] {
    return [this.rows, this.#recording.spans().map(see), this.notes];
  }

  /** Asserts that every call has one row and one root span, and that no span is left open or ended twice. */
  judge(settled: readonly Settlement[]): void {
    const ids = settled.map(({ callId }) => callId).sort();
    if (this.#isKept) {
      expect(this.rows.map(({ id }) => id).sort(), 'one row a call').toEqual(ids);
    }
    if (typeof this.options.telemetry !== 'object') return;
    const roots = this.roots().map(({ attributes }) => attributes['zerohop.call.id']);
    expect(roots.sort(), 'one root span a call').toEqual(ids);
    const ends = this.#recording.ends().filter((count) => count !== 1);
    expect(ends, 'spans that did not end once').toEqual([]);
  }
}
