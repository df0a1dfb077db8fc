import { afterAll, beforeAll, beforeEach } from 'vitest';
import {
  createGateway,
  type Gateway,
  type GatewayOptions,
  hedge,
  type LogRow,
  primary,
  type Route,
  type Settlement,
  target,
} from 'zerohop';
import { type FakeProvider, type Reply, startFakeProvider } from 'zerohop/testing';
import { handClock } from '../../../support/quick-clock.js';
import type { Asking, Told, Way } from './ways.js';

/** How long the first may take, unless a test says otherwise. */
export const DELAY_MS = 100;

/** Three providers for the tests of a file, each of which answers with its name. */
export function useProviders(): Providers {
  const started = new Map<keyof Providers, FakeProvider>();
  const names = ['first', 'second', 'third'] as const;
  beforeAll(async () => {
    for (const name of names) started.set(name, await startFakeProvider({ reply: { text: name } }));
  });
  beforeEach(() => {
    for (const provider of started.values()) provider.reset();
  });
  afterAll(() => Promise.all(Array.from(started.values(), (provider) => provider.close())));
  const of = (name: keyof Providers): FakeProvider => {
    const provider = started.get(name);
    if (provider === undefined) throw new Error('only within a test');
    return provider;
  };
  return {
    get first() {
      return of('first');
    },
    get second() {
      return of('second');
    },
    get third() {
      return of('third');
    },
  };
}

export interface Providers {
  readonly first: FakeProvider;
  readonly second: FakeProvider;
  readonly third: FakeProvider;
}

/** Routes to the providers. The first is the caller's own. */
export interface Routes {
  readonly first: Route;
  readonly second: Route;
  readonly third: Route;
}

export interface HedgeSetUp extends GatewayOptions {
  /** @defaultValue a hedge of the first by the second, after {@link DELAY_MS}, for every call */
  readonly routeOf?: ((routes: Routes) => Route) | undefined;
  /** Options of each provider's client. */
  readonly clients?: { readonly [Name in keyof Providers]?: object } | undefined;
  /** @defaultValue on */
  readonly hasLog?: boolean | undefined;
}

/** A gateway over the providers, and what was heard of it. */
export interface HedgeBench {
  readonly gateway: Gateway;
  readonly clock: ReturnType<typeof handClock>;
  readonly rows: readonly LogRow[];
  readonly settled: readonly Settlement[];
  readonly ask: (asking?: Asking) => Promise<Told>;
  /** Asks; once the first provider has the request, as much time passes as the first has. */
  readonly askSlowly: (asking?: Asking) => Promise<Told>;
}

/** A clock that is set by hand, on which waits between attempts are over at once. */
export function hedgeClock(): ReturnType<typeof handClock> {
  return { ...handClock(), delay: () => Promise.resolve() };
}

export const always = (first: Route, second: Route): Route =>
  hedge(first, second, { after: DELAY_MS, share: 1 });

export function setUp(
  way: Way,
  providers: Providers,
  { routeOf, clients, hasLog = true, clock: ownClock, ...options }: HedgeSetUp = {},
): HedgeBench {
  // Whoever gives one gives one that is set by hand.
  const clock = (ownClock as ReturnType<typeof hedgeClock> | undefined) ?? hedgeClock();
  const rows: LogRow[] = [];
  const settled: Settlement[] = [];
  const to = (name: 'second' | 'third') =>
    target({ name, client: way.client(providers[name], clients?.[name]) });
  const routes = { first: primary, second: to('second'), third: to('third') };
  const gateway = createGateway({
    clock,
    ...(hasLog && { log: (row: LogRow) => void rows.push(row) }),
    route: routeOf ? routeOf(routes) : always(routes.first, routes.second),
    ...options,
  });
  gateway.on('settled', (settlement) => settled.push(settlement));
  const ask = way.over(way.client(providers.first, clients?.first), gateway);
  return {
    gateway,
    clock,
    rows,
    settled,
    ask,
    async askSlowly(asking) {
      const seen = providers.first.waitForRequest(providers.first.requests.length + 1);
      const told = ask(asking);
      await Promise.race([seen, told]);
      clock.advance(DELAY_MS);
      return told;
    },
  };
}

/** A reply that waits to be let go. */
export function held(reply: Reply = {}): {
  readonly reply: () => Promise<Reply>;
  readonly release: () => void;
} {
  const gate = Promise.withResolvers<void>();
  return {
    async reply() {
      await gate.promise;
      return reply;
    },
    release: gate.resolve,
  };
}

/** Calls under way at each target. */
export function inFlight({ targets }: Gateway): number[] {
  return targets.list().map((status) => status.inFlight);
}

/** What was tried: by whom, and how it failed. */
export function tried({ attempts }: Pick<Settlement | LogRow, 'attempts'>): string[] {
  return attempts.map(({ target: name, failure }) => {
    const how = failure ? `${failure.kind}${failure.code ? ` ${failure.code}` : ''}` : 'answered';
    return `${name.includes(':') ? 'first' : name}: ${how}`;
  });
}
