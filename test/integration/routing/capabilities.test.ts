import OpenAI from 'openai';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  type Capabilities,
  createGateway,
  type Decision,
  fallback,
  type GatewayOptions,
  loadBalance,
  primary,
  type Route,
  type TargetOptions,
  target,
} from 'zerohop';
import { type FakeProvider, startFakeProvider } from 'zerohop/testing';
import { quickClock } from '../../support/quick-clock.js';

let a: FakeProvider;
let b: FakeProvider;
beforeAll(async () => {
  a = await startFakeProvider({ reply: { text: 'a' } });
  b = await startFakeProvider({ reply: { text: 'b' } });
});
beforeEach(() => {
  a.reset();
  b.reset();
});
afterAll(() => Promise.all([a.close(), b.close()]));

const messages = [{ role: 'user' as const, content: 'hi' }];
const tools = [{ type: 'function' as const, function: { name: 'f', parameters: {} } }];
const clientOf = (provider: FakeProvider) =>
  new OpenAI({ apiKey: 'k', baseURL: provider.baseURL, maxRetries: 0 });
const to = (name: string, options: Partial<TargetOptions> = {}) =>
  target({ name, client: clientOf(name.startsWith('a') ? a : b), ...options });

function setUp(route: Route, options: GatewayOptions = {}) {
  const gateway = createGateway({ clock: quickClock(), route, ...options });
  const client = gateway.wrap(clientOf(a));
  let decisions: readonly Decision[] = [];
  gateway.on('settled', (settlement) => {
    decisions = settlement.decisions;
  });
  const ask = async (own: object = {}) => {
    const body = { model: 'gpt-5-mini', messages, ...own };
    const { choices } = await client.chat.completions.create({ ...body, stream: false });
    return choices[0]?.message.content;
  };
  const decided = (kind: string) =>
    decisions.flatMap((decision) => (decision.kind === kind ? [decision.detail] : []));
  return { gateway, client, ask, decided };
}

describe('a target that lacks a capability', () => {
  it.each<[keyof Capabilities, object]>([
    ['tools', { tools }],
    ['structuredOutput', { response_format: { type: 'json_schema', json_schema: { name: 's' } } }],
    ['multipleChoices', { n: 2 }],
  ])('is passed over by a request that needs it, and by no other: %s', async (name, own) => {
    const { ask, decided } = setUp(
      fallback(to('a', { capabilities: { [name]: false, audio: false } }), to('b')),
    );

    expect(await ask()).toBe('a');
    expect(await ask(own)).toBe('b');
    expect(a.requests).toHaveLength(1);
    expect(decided('target-skipped')).toEqual([{ target: 'a', reason: 'capability' }]);
  });

  it('is passed over by streams where it cannot stream', async () => {
    const { client } = setUp(fallback(to('a', { capabilities: { streaming: false } }), to('b')));
    let text = '';
    const body = { model: 'gpt-5-mini', messages, stream: true as const };
    for await (const { choices } of await client.chat.completions.create(body)) {
      text += choices[0]?.delta.content ?? '';
    }

    expect(text).toBe('b');
    expect(a.requests).toEqual([]);
  });

  it('is able to do what it is said to be able to', async () => {
    const { ask } = setUp(fallback(to('a', { capabilities: { tools: true } }), to('b')));

    expect(await ask({ tools })).toBe('a');
  });

  it('takes no part in a balanced group for such a request', async () => {
    const { ask } = setUp(
      loadBalance([to('a', { capabilities: { tools: false } }), to('b')], {
        strategy: (all) => all,
      }),
    );

    expect([await ask({ tools }), await ask()]).toEqual(['b', 'a']);
  });

  it.each(['lacks what is needed', 'is switched off'])(
    'does not keep another of its group from being asked again: one that %s',
    async (why) => {
      a.enqueue({ status: 500 });
      const other = to('b', { capabilities: { tools: why === 'is switched off' } });
      const group = loadBalance([to('a', { maxRetries: 1 }), other], { strategy: (all) => all });
      const { ask, gateway } = setUp(group);
      if (why === 'is switched off') gateway.targets.disable('b');

      expect(await ask({ tools })).toBe('a');
      expect(a.requests).toHaveLength(2);
    },
  );

  it('is named where nobody is left', async () => {
    const { ask } = setUp(to('a', { capabilities: { tools: false } }));
    const error = await ask({ tools }).catch((thrown: unknown) => thrown);

    expect(error).toBeInstanceOf(OpenAI.InternalServerError);
    expect(String(error)).toContain('a: capability');
  });

  it('neither loses a probe nor counts as having failed', async () => {
    const { ask, gateway } = setUp(fallback(to('a', { capabilities: { tools: false } }), to('b')));
    await ask({ tools });

    expect(gateway.targets.list()[0]).toMatchObject({ state: 'closed', successRatio: 1 });
  });

  it('does not hide what is stored of who answers in its place', async () => {
    const { ask } = setUp(fallback(to('a', { capabilities: { tools: false } }), to('b')), {
      cache: true,
    });
    await ask({ tools });
    await ask({ tools });

    expect(b.requests).toHaveLength(1);
  });
});

describe('a parameter that a target does not take', () => {
  const sent = () => Object(b.requests[0]?.json);

  it('is taken out, and named', async () => {
    const { ask, decided } = setUp(to('b', { unsupported: ['seed', 'user'] }));
    await ask({ seed: 1, temperature: 0 });

    expect(sent()).toMatchObject({ temperature: 0 });
    expect(sent()).not.toHaveProperty('seed');
    expect(decided('request-shaped')).toEqual([{ target: 'b', removed: 'seed' }]);
  });

  it('may still be set by the target itself', async () => {
    const { ask } = setUp(to('b', { unsupported: ['seed'], request: { seed: 7 } }));
    await ask({ seed: 1 });

    expect(sent()).toMatchObject({ seed: 7 });
  });

  it.each<[string, Partial<TargetOptions>, object]>([
    ['is declared not to take', { unsupported: ['seed'] }, { seed: 1 }],
    ['is known not to take', {}, { prompt_cache_key: 'k' }],
  ])('passes it over where that is asked for, if it %s it', async (_, options, own) => {
    const { ask, decided } = setUp(
      fallback(to('b', { ...options, onUnsupported: 'error' }), primary),
    );

    expect(await ask(own)).toBe('a');
    expect(decided('target-skipped')).toEqual([{ target: 'b', reason: 'unsupported' }]);
    expect(await ask()).toBe('b');
  });

  it('is asked about one by one', async () => {
    const asked: unknown[] = [];
    const { ask } = setUp(
      fallback(
        to('b', {
          unsupported: ['seed', 'logprobs'],
          onUnsupported: (parameter, request) => {
            asked.push([parameter, request.operation]);
            return parameter === 'logprobs' ? 'error' : 'drop';
          },
        }),
        primary,
      ),
    );

    expect(await ask({ seed: 1, user: 'u' })).toBe('b');
    expect(sent()).not.toHaveProperty('seed');
    expect(asked[0]).toEqual(['seed', 'chat']);
    expect(await ask({ seed: 1, logprobs: true })).toBe('a');
  });

  it('is taken out where the function fails', async () => {
    const onUnsupported = () => {
      throw new Error('no');
    };
    const { ask } = setUp(to('b', { unsupported: ['seed'], onUnsupported }));

    expect(await ask({ seed: 1 })).toBe('b');
    expect(sent()).not.toHaveProperty('seed');
  });

  it('passes over a target whose client only a function knows', async () => {
    const own = to('own', {
      client: () => clientOf(b),
      unsupported: ['seed'],
      onUnsupported: 'error',
    });
    const { ask } = setUp(fallback(own, primary));

    expect(await ask({ seed: 1 })).toBe('a');
    expect(await ask()).toBe('b');
  });

  it('leaves the body of the caller as it was', async () => {
    const { client } = setUp(to('b', { unsupported: ['seed'] }));
    const body = Object.freeze({ model: 'm', messages, seed: 1 });
    await client.chat.completions.create(body);

    expect(body.seed).toBe(1);
  });
});

describe('the options of a target', () => {
  it.each<[string, object]>([
    ['capabilities.tols', { capabilities: { tols: false } }],
    ['capabilities.tools', { capabilities: { tools: 'no' } }],
    ['unsupported[0]', { unsupported: ['stream'] }],
    ['unsupported[1]', { unsupported: ['seed', 7] }],
    ['onUnsupported', { onUnsupported: 'ignore' }],
    ['wieght', { wieght: 2 }],
    ['weight', { weight: -1 }],
    ['maxRetries', { maxRetries: 1.5 }],
    ['timeouts.total', { timeouts: { total: 5 } }],
    ['headers.x', { headers: { x: 1 } }],
    ['model', { model: '' }],
    ['client', { client: 'gpt' }],
  ])('are checked when the gateway is made: %s', (path, options) => {
    const make = () => createGateway({ route: fallback(primary, to('b', options)) });

    expect(make).toThrow(`gateway.route[1].${path}: `);
  });
});
