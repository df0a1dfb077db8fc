import type { Attributes, Counter, Histogram, Meter } from '@opentelemetry/api';

/** Attribute sets over all instruments of a gateway, the shared ones included. */
export const MAX_SERIES = 2_000;
/** What the SDKs use for the set that holds what there was no room for. */
const OVERFLOW: Attributes = { 'otel.metric.overflow': true };

/** What an instrument is called. */
export interface InstrumentDefinition {
  readonly name: string;
  readonly unit: string;
  readonly description: string;
  readonly buckets?: readonly number[];
}

/** Records values for an attribute set, which is made only when `key` is new. */
export type Record = (value: number, key: string, attributes: () => Attributes) => void;

/** Makes the instruments of a gateway, and holds the number of their attribute sets down. */
export class SeriesBook {
  readonly #meter: Meter;
  #left = MAX_SERIES;

  constructor(meter: Meter) {
    this.#meter = meter;
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

  #bounded(record: (value: number, attributes: Attributes) => void): Record {
    // The set for what there is no room for.
    this.#left -= 1;
    const known = new Map<string, Attributes>();
    return (value, key, attributes) => {
      let set = known.get(key);
      if (set === undefined) {
        set = this.#left > 0 ? attributes() : OVERFLOW;
        if (set !== OVERFLOW) {
          this.#left -= 1;
          known.set(key, set);
        }
      }
      record(value, set);
    };
  }
}
