/** What the bench of routes compares: gateways with one, without one, and the bare SDK. */
import OpenAI, { type ClientOptions } from 'openai';
import {
  type BreakerOptions,
  createGateway,
  fallback,
  loadBalance,
  primary,
  type Route,
  sticky,
  target,
} from 'zerohop';
import { memoryFetch } from './memory-fetch.js';
import { ANSWER_TEXT, ERROR_ANSWER, readRequest } from './wire.js';
import { bodyOf } from './workload.js';

/** `none` and `again` are the same gateway, without a route: what lies between them is the machine's. */
export type RoutingVariant =
  | 'none'
  | 'again'
  | 'fallbacks'
  | 'one'
  | 'latency'
  | 'weighted'
  | 'sticky'
  | 'bare'
  | 'by-hand'
  | 'gateways-by-hand'
  | 'failed'
  | 'failed-elsewhere'
  | 'failed-sibling'
  | 'open'
  | 'open-elsewhere';

const GROUP = 10;
const ELSEWHERE = 'https://elsewhere.example.com/v1';
const FOREVER_MS = 2 ** 31 - 1;
const FAILED_INIT = { status: 500, headers: { 'content-type': 'application/json' } };
/** A model that is answered with a 500, and one that is answered well. */
const [BROKEN, SOUND] = ['broken', 'json'];

/** Counts what it is asked, where it is in memory. */
class Provider {
  #asked = 0;
  readonly #baseURL: string | undefined;

  constructor(baseURL: string | undefined) {
    this.#baseURL = baseURL;
  }

  readonly #fetch = (input: unknown, init?: RequestInit): Promise<Response> => {
    this.#asked += 1;
    const { what } = readRequest(typeof init?.body === 'string' ? init.body : '');
    if (what === BROKEN) return Promise.resolve(new Response(ERROR_ANSWER, FAILED_INIT));
    return memoryFetch(input, init);
  };

  client(options: ClientOptions = {}): OpenAI {
    const baseURL = this.#baseURL;
    const wire = baseURL === undefined ? { fetch: this.#fetch } : { baseURL };
    return new OpenAI({ apiKey: 'bench', ...wire, ...options });
  }

  /** What is wrong with how often it was asked, if anything. */
  wrong(name: string, expected: number): string | undefined {
    if (this.#baseURL !== undefined || this.#asked === expected) return undefined;
    return `${name} was asked ${this.#asked} times instead of ${expected}`;
  }

  get isIdle(): boolean {
    return this.#baseURL === undefined && this.#asked === 0;
  }
}

/** One side of a comparison. */
export interface Side {
  readonly call: () => Promise<void>;
  /** Before each block, beside its times. */
  readonly prepare?: () => Promise<void>;
  /** What does not fit the calls that were made, if anything. */
  readonly wrong: (calls: number) => string | undefined;
}
export type MakeSide = (baseURL: string | undefined) => Side;

async function ask(client: OpenAI, model = SOUND): Promise<void> {
  const answer = await client.chat.completions.create(bodyOf(model));
  if (answer.choices[0]?.message.content !== ANSWER_TEXT) throw new Error('wrong answer');
}

/** The bare SDK. */
const bare: MakeSide = (baseURL) => {
  const own = new Provider(baseURL);
  const client = own.client();
  return { call: () => ask(client), wrong: (calls) => own.wrong('its own', calls) };
};

const noRoute: MakeSide = (baseURL) => {
  const own = new Provider(baseURL);
  const client = createGateway().wrap(own.client());
  return { call: () => ask(client), wrong: (calls) => own.wrong('its own', calls) };
};

/** The primary answers; the other target is there in vain. */
const unused: MakeSide = (baseURL) => {
  const [first, spare] = [new Provider(baseURL), new Provider(baseURL)];
  const fallbacks = [target({ name: 'spare', client: spare.client() })];
  const client = createGateway({ fallbacks }).wrap(first.client());
  return {
    call: () => ask(client),
    wrong: (calls) => first.wrong('primary', calls) ?? spare.wrong('spare', 0),
  };
};

/** So many keys of one provider, none of them the caller's own. */
function group(size: number, routeOver: (targets: readonly Route[]) => Route): MakeSide {
  return (baseURL) => {
    const own = new Provider(baseURL);
    const keys = Array.from({ length: size }, () => new Provider(baseURL));
    const targets = keys.map((key, index) =>
      target({ name: `key-${index}`, client: key.client() }),
    );
    const client = createGateway({ route: routeOver(targets) }).wrap(own.client());
    const idle = () => keys.filter((key) => key.isIdle).length;
    return {
      call: () => ask(client),
      wrong: () => (idle() > 0 ? `${idle()} were never asked` : own.wrong('its own', 0)),
    };
  };
}

/** As of many users, in no order. */
const USERS = Array.from({ length: 1_000 }, () => crypto.randomUUID());
let turn = 0;
function nextUser(): string | undefined {
  turn = (turn + 1) % USERS.length;
  return USERS[turn];
}

/** What a careful application writes itself: two clients, of the bare SDK or of gateways without a route. */
function byHand(made: (client: OpenAI) => OpenAI): MakeSide {
  return (baseURL) => {
    const [first, spare] = [new Provider(baseURL), new Provider(baseURL)];
    const [one, other] = [made(first.client({ maxRetries: 0 })), made(spare.client())];
    return {
      async call() {
        try {
          await ask(one, BROKEN);
        } catch (error) {
          if (!(error instanceof OpenAI.InternalServerError)) throw error;
          await ask(other);
        }
      },
      wrong: (calls) => first.wrong('first', calls) ?? spare.wrong('spare', calls),
    };
  };
}

/** It is to fail on every call, so it must not open. */
const NEVER_OPENS: BreakerOptions = { consecutive: 1_000, ratio: 1, minResults: 100_000 };

/** The primary is asked and fails, call after call; another one answers. */
function failing(elsewhere: ClientOptions = {}): MakeSide {
  return (baseURL) => {
    const [first, spare] = [new Provider(baseURL), new Provider(baseURL)];
    const other = target({ name: 'spare', client: spare.client(elsewhere), model: SOUND });
    const gateway = createGateway({ route: fallback(primary, other), breaker: NEVER_OPENS });
    return alwaysFailing(gateway.wrap(first.client({ maxRetries: 0 })), first, spare);
  };
}

/** The same within a balanced group, whose first fails: nothing is retried where there is a sibling. */
const failingSibling: MakeSide = (baseURL) => {
  const [own, first, spare] = [new Provider(baseURL), new Provider(baseURL), new Provider(baseURL)];
  const targets = [
    target({ name: 'first', client: first.client() }),
    // Without a share it only stands in, so the other one is always asked first.
    target({ name: 'spare', client: spare.client(), model: SOUND, weight: 0 }),
  ];
  const route = loadBalance(targets, { strategy: 'weighted' });
  const gateway = createGateway({ route, breaker: NEVER_OPENS });
  return alwaysFailing(gateway.wrap(own.client()), first, spare);
};

function alwaysFailing(client: OpenAI, first: Provider, spare: Provider): Side {
  let prepared = 0;
  return {
    call: () => ask(client, BROKEN),
    // A good answer now and then: whatever the options, a thousand failures in a row open a breaker.
    async prepare() {
      prepared += 1;
      await ask(client);
    },
    wrong: (calls) => first.wrong('first', calls + prepared) ?? spare.wrong('spare', calls),
  };
}

/** The primary has failed once, and is asked no more. */
function open(elsewhere: ClientOptions = {}): MakeSide {
  return (baseURL) => {
    const [first, spare] = [new Provider(baseURL), new Provider(baseURL)];
    const gateway = createGateway({
      fallbacks: [target({ name: 'spare', client: spare.client(elsewhere), model: SOUND })],
      breaker: { consecutive: 1, openMs: FOREVER_MS, maxOpenMs: FOREVER_MS },
    });
    const client = gateway.wrap(first.client({ maxRetries: 0 }));
    return {
      call: () => ask(client, BROKEN),
      wrong: (calls) => first.wrong('primary', 1) ?? spare.wrong('spare', calls),
    };
  };
}

export const SIDES: Readonly<Record<RoutingVariant, MakeSide>> = {
  none: noRoute,
  again: noRoute,
  fallbacks: unused,
  one: group(1, ([only = primary]) => only),
  latency: group(GROUP, (targets) => loadBalance(targets)),
  weighted: group(GROUP, (targets) => loadBalance(targets, { strategy: 'weighted' })),
  sticky: group(GROUP, (targets) => sticky(nextUser, targets)),
  bare,
  'by-hand': byHand((client) => client),
  'gateways-by-hand': byHand((client) => createGateway().wrap(client)),
  failed: failing(),
  'failed-elsewhere': failing({ baseURL: ELSEWHERE }),
  'failed-sibling': failingSibling,
  open: open(),
  'open-elsewhere': open({ baseURL: ELSEWHERE }),
};
