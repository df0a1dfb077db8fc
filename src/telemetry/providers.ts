import {
  createNoopMeter,
  type Meter,
  type MeterProvider,
  metrics,
  type Tracer,
  type TracerProvider,
  trace,
} from '@opentelemetry/api';

const SCOPE = 'zerohop';

/** A tracer, as soon as there is one that does something. */
export class TracerSource {
  readonly #given: TracerProvider | undefined;
  readonly #version: string | undefined;
  #tracer: Tracer | undefined;

  constructor(given: TracerProvider | undefined, version: string | undefined) {
    this.#given = given;
    this.#version = version;
  }

  /** `undefined` as long as no provider is registered: nothing needs to be prepared for it. */
  current(): Tracer | undefined {
    this.#tracer ??= this.#find();
    return this.#tracer;
  }

  #find(): Tracer | undefined {
    const provider = this.#given ?? trace.getTracerProvider();
    // The global provider is a proxy, which has no delegate before one is registered.
    if ('getDelegateTracer' in provider && typeof provider.getDelegateTracer === 'function') {
      return provider.getDelegateTracer(SCOPE, this.#version);
    }
    return provider.getTracer(SCOPE, this.#version);
  }
}

/** A meter, as soon as there is one that does something. */
export class MeterSource<Instruments> {
  readonly #given: MeterProvider | undefined;
  readonly #version: string | undefined;
  readonly #make: (meter: Meter) => Instruments;
  #idle: MeterProvider | undefined;
  #instruments: Instruments | undefined;

  constructor(
    given: MeterProvider | undefined,
    version: string | undefined,
    make: (meter: Meter) => Instruments,
  ) {
    this.#given = given;
    this.#version = version;
    this.#make = make;
  }

  current(): Instruments | undefined {
    this.#instruments ??= this.#find();
    return this.#instruments;
  }

  #find(): Instruments | undefined {
    const provider = this.#given ?? metrics.getMeterProvider();
    if (provider === this.#idle) return undefined;
    const meter = provider.getMeter(SCOPE, this.#version);
    if (meter !== createNoopMeter()) return this.#make(meter);
    this.#idle = provider;
    return undefined;
  }
}
