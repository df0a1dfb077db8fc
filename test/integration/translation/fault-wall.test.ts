import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { attemptsOf, createGateway, fallback, partialOf, primary, target } from 'zerohop';
import { type FakeProvider, type Reply, startFakeProvider } from 'zerohop/testing';
import { quickClock } from '../../support/quick-clock.js';
import { afterContent, ofJson, ofStreams } from '../routing/support/faults.js';
import { CONTENTS, type Content, callersOf, dialects } from './wall-callers.js';

const ANSWER = 'one two three four five six';
let broken: FakeProvider;
let translated: FakeProvider;
let third: FakeProvider;
beforeAll(async () => {
  [broken, translated, third] = await Promise.all([
    startFakeProvider({ reply: { text: ANSWER } }),
    startFakeProvider({ reply: { text: ANSWER } }),
    startFakeProvider({ reply: { text: 'from the third' } }),
  ]);
});
beforeEach(() => {
  for (const provider of [broken, translated, third]) provider.reset();
});
afterAll(() => Promise.all([broken, translated, third].map((provider) => provider.close())));

const pairs = callersOf().flatMap((caller) =>
  dialects
    .filter(({ dialect }) => dialect !== caller.dialect)
    .map((to) => ({ pair: `${caller.name} → ${to.dialect}`, caller, to })),
);

describe.each(pairs)('$pair', ({ caller, to }) => {
  const over = (options: { readonly primary: string; readonly other: string }) => {
    const other = target({
      name: 'other',
      client: to.client(options.other),
      model: 'other-model',
      dialect: to.dialect,
    });
    const last = target({ name: 'third', client: caller.client(third.url), model: 'third-model' });
    const gateway = createGateway({
      route: fallback(primary, other, last),
      timeouts: { firstByte: 300, idle: 300 },
      clock: quickClock(),
    });
    return gateway.wrap(caller.client(options.primary));
  };
  const wholeOver = (fault: string) =>
    over({ primary: broken.faultURL(fault), other: translated.url });
  const brokenOver = (fault: string) =>
    over({ primary: broken.faultURL('status;code=500'), other: translated.faultURL(fault) });

  // What the majors of one SDK have in common is told once.
  const some = (faults: readonly string[]) =>
    caller.name.includes('openai 6') ? faults.slice(0, 1) : faults;

  it.each(some(ofJson))('an answer is had of the other wire format: %s', async (fault) => {
    expect(await caller.ask(wholeOver(fault), {})).toEqual({ text: ANSWER, calls: [] });
    expect(third.requests).toHaveLength(0);
  });

  it.each(some(ofStreams))('a stream is had of the other wire format: %s', async (fault) => {
    expect(await caller.stream(wholeOver(fault), {})).toEqual({ text: ANSWER, calls: [] });
    expect(third.requests).toHaveLength(0);
  });

  it.each(some(ofJson))('an answer is had of the next one: the other has %s', async (fault) => {
    expect(await caller.ask(brokenOver(fault), {})).toMatchObject({ text: 'from the third' });
  });

  it.each(some(ofStreams))('a stream is had of the next one: the other has %s', async (fault) => {
    expect(await caller.stream(brokenOver(fault), {})).toMatchObject({ text: 'from the third' });
  });

  it.each(some(afterContent))(
    'a stream that breaks is a typed error with what had arrived: %s',
    async (fault) => {
      const error = await caller.stream(brokenOver(fault), {}).then(
        () => undefined,
        (thrown: unknown) => thrown,
      );

      expect(error).toBeInstanceOf(caller.APIError);
      expect(ANSWER.startsWith(partialOf(error)?.text ?? 'nothing')).toBe(true);
      expect(partialOf(error)?.text).not.toBe('');
      expect(attemptsOf(error).at(-1)).toMatchObject({ target: 'other' });
      expect(third.requests).toHaveLength(0);
    },
  );

  it.each(CONTENTS)('$name comes over, in one piece and as a stream', async (content: Content) => {
    const reply: Reply = content.reply;
    for (const mode of ['ask', 'stream'] as const) {
      translated.enqueue(reply);
      const client = wholeOver('status;code=503');

      expect(await caller[mode](client, caller.bodies[content.name])).toEqual(content.expected);
    }
  });
});
