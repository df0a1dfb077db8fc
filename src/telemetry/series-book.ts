import type { Attributes, Counter, Histogram, Meter } from '@opentelemetry/api';

/** Attribute sets over all instruments of a gateway, the shared ones included. */
export const MAX_SERIES = 2_000;

/** What an instrument is called. */
export interface InstrumentDefinition {
  readonly name: string;
  readonly unit: string;
  readonly description: string;
  readonly buckets?: readonly number[];
}

/** How many attribute sets may still be made. */
interface Room {
  left: number;
}

/** An attribute set. There is one object for each, so that sets are told apart by identity. */
export class Series {
  readonly attributes: Attributes;
  readonly #room: Room;
  #variants: Map<string, Map<string, Series>> | undefined;

  constructor(attributes: Attributes, room: Room) {
    this.attributes = attributes;
    this.#room = room;
    room.left -= 1;
  }

  /** The same set with one attribute more. */
  with(name: string, value: string): Series {
    this.#variants ??= new Map();
    let variants = this.#variants.get(name);
    if (variants === undefined) {
      variants = new Map();
      this.#variants.set(name, variants);
    }
    let variant = variants.get(value);
    if (variant === undefined) {
      if (this.#room.left <= 0) return OVERFLOW;
      variant = new Series({ ...this.attributes, [name]: value }, this.#room);
      variants.set(value, variant);
    }
    return variant;
  }
}

/** What the SDKs use for the set that holds what there was no room for. */
const OVERFLOW = new Series({ 'otel.metric.overflow': true }, { left: 0 });

/** Records a value. */
export type Record = (value: number, series: Series) => void;

/** Makes the instruments of a gateway, and holds the number of their attribute sets down. */
export class SeriesBook {
  readonly #meter: Meter;
  readonly #series = new Map<string, Series>();
  readonly #room: Room = { left: MAX_SERIES };
  /** Pairs of an instrument and a set: what a backend counts. */
  #left = MAX_SERIES;

  constructor(meter: Meter) {
    this.#meter = meter;
  }

  /** The set with a key, made where there is none yet and still room. */
  series(key: string, attributes: () => Attributes): Series {
    let series = this.#series.get(key);
    if (series === undefined) {
      if (this.#room.left <= 0) return OVERFLOW;
      series = new Series(attributes(), this.#room);
      this.#series.set(key, series);
    }
    return series;
  }

  histogram({ name, unit, description, buckets = [] }: InstrumentDefinition): Record {
    const advice = { explicitBucketBoundaries: [...buckets] };
    const instrument: Histogram = this.#meter.createHistogram(name, { unit, description, advice });
    return this.#bounded((value, attributes) => instrument.record(value, attributes));
  }

  counter({ name, unit, description }: InstrumentDefinition): Record {
    const instrument: Counter = this.#meter.createCounter(name, { unit, description });
    return this.#bounded((value, attributes) => instrument.add(value, attributes));
  }

  /** What is read whenever somebody looks; few sets, of which there are always the same. */
  gauge(
    { name, unit, description }: InstrumentDefinition,
    read: () => readonly (readonly [value: number, attributes: Attributes])[],
  ): void {
    this.#meter.createObservableGauge(name, { unit, description }).addCallback((result) => {
      for (const [value, attributes] of read()) result.observe(value, attributes);
    });
  }

  #bounded(record: (value: number, attributes: Attributes) => void): Record {
    // The set for what there is no room for.
    this.#left -= 1;
    const known = new Set([OVERFLOW]);
    return (value, series) => {
      if (!known.has(series)) {
        if (this.#left <= 0) return record(value, OVERFLOW.attributes);
        this.#left -= 1;
        known.add(series);
      }
      record(value, series.attributes);
    };
  }
}
