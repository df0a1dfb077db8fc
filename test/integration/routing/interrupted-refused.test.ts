import OpenAI from 'openai';
import { describe, expect, it } from 'vitest';
import {
  attemptsOf,
  createGateway,
  type Gateway,
  type Interruption,
  type OnInterrupted,
  partialOf,
  perCall,
} from 'zerohop';
import type { Reply } from 'zerohop/testing';
import { handClock } from '../../support/quick-clock.js';
import {
  breaks,
  eventsBefore,
  goingOnOf,
  messagesOf,
  PARTIAL,
  readingOf,
  readings,
  type SetUp,
  setUp,
  usePair,
  WHOLE,
} from './support/interrupting.js';

const pair = usePair();
const chat = readingOf('openai 7 create()');
const messages = readingOf('anthropic 1 create()');

const format = { type: 'json_schema', json_schema: { name: 'n', schema: { type: 'object' } } };
const tool = { type: 'function', function: { name: 'f', parameters: { type: 'object' } } };
const anthropicTool = { name: 'f', input_schema: { type: 'object' } };

const cutAt = (events: number): Reply['fault'] => ({ kind: 'reset', after: { events } });

const said = (index: number, content: string, more: object = {}) => ({
  data: { id: 'a', choices: [{ index, delta: { content, ...more }, finish_reason: null }] },
});

describe('an answer that broke is not gone on with', () => {
  it.each<[reason: string, body: object, reply?: Reply]>([
    ['choices', { n: 2 }],
    ['choices', { n: 2 }, { events: [said(0, 'one')], fault: cutAt(1) }],
    ['choices', {}, { events: [said(0, 'one'), said(1, 'uno')], fault: cutAt(2) }],
    ['no_text', {}, { events: [{ data: { id: 'a', object: 'news' } }], fault: cutAt(1) }],
    ['content', {}, { events: [said(0, '', { video: 'abc' })], fault: cutAt(1) }],
    ['structured_output', { response_format: format }],
    ['structured_output', { response_format: { type: 'json_object' } }],
    ['structured_output', { tools: [tool], tool_choice: 'required' }],
    ['structured_output', { guided_json: { type: 'object' } }],
    ['audio', { modalities: ['text', 'audio'] }],
    ['tool_call', { tools: [tool] }, { text: 'so', toolCalls: [{ name: 'f' }], fault: cutAt(3) }],
    ['refusal', {}, { refusal: 'I will not do that', fault: cutAt(3) }],
    ['reasoning', {}, { reasoning: 'let me think', text: 'one', fault: cutAt(3) }],
    ['finished', {}, { text: 'one two', fault: [cutAt(4) as never, 'no-done'] }],
    ['content_policy', {}, errorEvent('content_filter', 'content management policy')],
  ])('in chat: %s, with %j', async (reason, body, reply) => {
    pair.first.enqueue({ ...breaks(chat, 'reset'), ...reply });
    const { fail, settled } = setUp(chat, pair, { two: true });
    const error = await fail({ body });

    expect(error).toBeInstanceOf(chat.errors.APIError);
    expect(goingOnOf(settled[0])).toEqual([{ kind: 'not-continued', reason }]);
    expect(pair.first.requests.length + pair.second.requests.length).toBe(1);
    expect(settled[0]).toMatchObject({ outcome: 'error' });
  });

  it.each<[reason: string, body: object, reply?: Reply]>([
    ['structured_output', { output_config: { format: { type: 'json_schema', schema: {} } } }],
    ['structured_output', { tools: [anthropicTool], tool_choice: { type: 'tool', name: 'f' } }],
    [
      'tool_call',
      { tools: [anthropicTool] },
      { text: 'so', toolCalls: [{ name: 'f' }], fault: cutAt(7) },
    ],
    [
      'reasoning',
      { thinking: { type: 'enabled', budget_tokens: 1_024 }, max_tokens: 4_096 },
      { reasoning: 'let me think', text: 'one', fault: cutAt(5) },
    ],
  ])('in messages: %s, with %j', async (reason, body, reply) => {
    pair.first.enqueue({ ...breaks(messages, 'reset'), ...reply });
    const { fail, settled } = setUp(messages, pair, { two: true });
    const error = await fail({ body });

    expect(error).toBeInstanceOf(messages.errors.APIError);
    expect(goingOnOf(settled[0])).toEqual([{ kind: 'not-continued', reason }]);
    expect(pair.first.requests.length + pair.second.requests.length).toBe(1);
  });

  it.each(readings)(
    'where nobody goes on with it, and the error has what had arrived ($name)',
    async (reading) => {
      pair.first.enqueue(breaks(reading, 'reset'));
      pair.first.enqueue({ status: 500 });
      const { fail, settled } = setUp(reading, pair);
      const error = await fail();

      expect(error).toBeInstanceOf(reading.errors.APIError);
      expect(error).toMatchObject({ message: expect.stringMatching(/connection/i) });
      expect(partialOf(error)?.text).toBe(PARTIAL);
      expect(attemptsOf(error).map(({ failure }) => failure?.kind)).toEqual([
        'connection',
        'status',
      ]);
      expect(settled[0]).toMatchObject({
        outcome: 'error',
        failure: { kind: 'connection' },
        text: PARTIAL,
      });
      expect(goingOnOf(settled[0])).toEqual([{ kind: 'not-continued', reason: 'failed' }]);
    },
  );

  it.each(readings)(
    'where what was to go on broke before it said anything ($name)',
    async (reading) => {
      pair.first.enqueue(breaks(reading, 'end'));
      pair.first.enqueue({ text: 'x', fault: cutAt(eventsBefore(reading, 0)) });
      const { fail, settled } = setUp(reading, pair);
      const error = await fail();

      expect(error).toMatchObject({
        message: expect.stringMatching(/before the answer was complete/),
      });
      expect(partialOf(error)?.text).toBe(PARTIAL);
      expect(attemptsOf(error)).toHaveLength(2);
      expect(settled[0]).toMatchObject({ failure: { kind: 'truncated' }, text: PARTIAL });
      expect(goingOnOf(settled[0])).toEqual([{ kind: 'not-continued', reason: 'failed' }]);
    },
  );

  it.each(readings)(
    'where it broke three times, and the error has all of it ($name)',
    async (reading) => {
      pair.first.enqueue(breaks(reading, 'reset'));
      for (const text of [' four five', ' six seven']) {
        pair.first.enqueue({
          text,
          fault: { kind: 'end', after: { events: eventsBefore(reading, 2) } },
        });
      }
      const { fail, settled } = setUp(reading, pair);
      const error = await fail();

      expect(partialOf(error)?.text).toBe(`${PARTIAL} four five six seven`);
      expect(goingOnOf(settled[0]).slice(-1)).toEqual([
        { kind: 'not-continued', reason: 'max_continuations' },
      ]);
      expect(settled[0]).toMatchObject({ outcome: 'error', failure: { kind: 'truncated' } });
      expect(pair.first.requests).toHaveLength(3);
    },
  );

  it.each<[reason: string, options: SetUp]>([
    ['max_attempts', { maxAttempts: 1 }],
    ['limit', { limits: { maxEventBytes: 2_048 } }],
  ])('where the call has no more to spend: %s', async (reason, options) => {
    const isLimit = reason === 'limit';
    pair.first.enqueue(
      isLimit
        ? { text: `one ${'two'.repeat(1_000)} three`, pacing: { gapMs: 5 } }
        : breaks(chat, 'reset'),
    );
    const { fail, settled } = setUp(chat, pair, options);
    await fail();

    expect(goingOnOf(settled[0])).toEqual([{ kind: 'not-continued', reason }]);
    expect(pair.first.requests).toHaveLength(1);
  });

  it('where the call’s deadline has passed', async () => {
    pair.first.enqueue(breaks(chat, 'hang'));
    const clock = handClock();
    const { fail, settled } = setUp(chat, pair, { clock, timeouts: { total: 500 } });
    const error = await fail({
      onText: (so) => {
        if (so === PARTIAL) clock.advance(500);
        return undefined;
      },
    });

    expect(error).toBeInstanceOf(chat.errors.APIError);
    expect(goingOnOf(settled[0])).toEqual([{ kind: 'not-continued', reason: 'deadline' }]);
    expect(settled[0]).toMatchObject({ outcome: 'error', failure: { kind: 'deadline' } });
  });

  it('where its body could be sent only once', async () => {
    pair.first.enqueue(breaks(chat, 'reset'));
    const { gateway, settled } = setUp(chat, pair, { streamUsage: 'never' });

    await expect(readOneShot(gateway)).rejects.toBeInstanceOf(OpenAI.APIError);
    expect(pair.first.requests).toHaveLength(1);
    expect(goingOnOf(settled[0])).toEqual([{ kind: 'not-continued', reason: 'one_shot' }]);
  });

  it('nor is a body that can be read once replaced by a question for usage', async () => {
    const { gateway } = setUp(chat, pair);

    await readOneShot(gateway);
  });

  it('by default', async () => {
    pair.first.enqueue(breaks(chat, 'reset'));
    const { fail, settled } = setUp(chat, pair, { onInterrupted: undefined });
    const error = await fail();

    expect(partialOf(error)?.text).toBe(PARTIAL);
    expect(goingOnOf(settled[0])).toEqual([]);
    expect(pair.first.requests).toHaveLength(1);
  });

  it('where one call says otherwise', async () => {
    pair.first.enqueue(breaks(chat, 'reset'));
    const { fail, ask, gateway } = setUp(chat, pair);
    await fail({ options: perCall({ onInterrupted: 'error' }) });
    expect(pair.first.requests).toHaveLength(1);

    pair.first.enqueue(breaks(chat, 'reset'));
    const { text } = await gateway.run({ onInterrupted: 'continue' }, () => ask());
    expect(text).toBe(WHOLE);
  });

  it.each([
    ['dialect', {}],
    ['background', { background: true }],
  ])('where it is of another operation: %s', async (reason, more) => {
    pair.first.enqueue({ text: WHOLE, fault: cutAt(8) });
    const { gateway, settled } = setUp(chat, pair);
    const client = gateway.wrap(new OpenAI({ apiKey: 'k', baseURL: pair.first.baseURL }));
    const stream = await client.responses.create({
      model: 'gpt-5-mini',
      input: 'hi',
      stream: true,
      ...more,
    });
    const reading = async () => {
      for await (const _ of stream);
    };

    await expect(reading()).rejects.toBeInstanceOf(chat.errors.APIError);
    expect(goingOnOf(settled[0])).toEqual([{ kind: 'not-continued', reason }]);
  });
});

/** Asks with a body that is made while it is sent, and reads the answer to its end. */
async function readOneShot(gateway: Gateway): Promise<void> {
  async function* body() {
    const prompt = [{ role: 'user', content: 'hi' }];
    yield Buffer.from(JSON.stringify({ model: 'm', stream: true, messages: prompt }));
  }
  const client = gateway.wrap(new OpenAI({ apiKey: 'k', baseURL: pair.first.baseURL }));
  const stream = await client.post<AsyncIterable<unknown>>('/chat/completions', {
    body: body(),
    headers: { 'content-type': 'application/json' },
    stream: true,
  });
  for await (const _ of stream);
}

function errorEvent(code: string, message: string): Reply {
  return { fault: { kind: 'error-event', afterEvents: 4, type: code, message } };
}

describe('a function that decides', () => {
  const decide = (onInterrupted: OnInterrupted) => setUp(chat, pair, { onInterrupted });

  it('is told what broke, where, and what had arrived', async () => {
    pair.first.enqueue(breaks(chat, 'reset'));
    pair.first.enqueue({ text: ' four', fault: cutAt(2) });
    const told: Interruption[] = [];
    const { ask } = decide((interruption) => {
      told.push(interruption);
      return 'continue';
    });
    await ask();

    const host = new URL(pair.first.url).host;
    expect(told).toMatchObject([
      {
        failure: { kind: 'connection' },
        partial: { text: PARTIAL },
        target: host,
        continuations: 0,
      },
      { partial: { text: `${PARTIAL} four` }, target: host, continuations: 1 },
    ]);
    expect(told[0]?.context.attempts).toHaveLength(3);
  });

  it.each<[what: string, decision: OnInterrupted]>([
    ['says no', () => 'error'],
    [
      'throws',
      () => {
        throw new Error('no');
      },
    ],
    ['rejects', () => Promise.reject(new Error('no'))],
    ['says nothing of the kind', () => 'maybe' as 'error'],
    ['gives no body', () => ({ body: null }) as never],
  ])('leaves it at the error where it %s', async (what, decision) => {
    pair.first.enqueue(breaks(chat, 'reset'));
    const errors: string[] = [];
    const { fail, settled } = setUp(chat, pair, {
      onInterrupted: decision,
      logger: { error: (message) => void errors.push(message) },
    });

    expect(partialOf(await fail())?.text).toBe(PARTIAL);
    expect(goingOnOf(settled[0])).toEqual([{ kind: 'not-continued', reason: 'declined' }]);
    expect(errors).toEqual(what === 'says no' ? [] : ['onInterrupted failed']);
  });

  it('has its own body sent, as a stream, and its answer put behind', async () => {
    pair.first.enqueue(breaks(chat, 'reset'));
    pair.first.enqueue({ text: 'two three four, and so on' });
    const asked = [{ role: 'user', content: 'the rest, please' }];
    const { ask } = decide(async ({ partial }) => ({
      body: { model: 'other', stream: false, messages: asked, metadata: { said: partial.text } },
    }));
    const { text } = await ask({ body: { response_format: format } });

    expect(text).toBe('one two three four, and so on');
    const [, request] = pair.first.requests;
    expect(request && messagesOf(request)).toEqual(asked);
    expect(request?.json).toMatchObject({ model: 'other', stream: true });
  });

  it('may be slow, but does not outlive its call', async () => {
    pair.first.enqueue(breaks(chat, 'reset'));
    const leaving = new AbortController();
    const { ask, settled } = decide(() => {
      leaving.abort();
      return new Promise(() => undefined);
    });
    await ask({ options: { signal: leaving.signal } }).catch(() => undefined);

    expect(settled).toMatchObject([{ outcome: 'aborted', text: PARTIAL }]);
    expect(goingOnOf(settled[0])).toEqual([{ kind: 'not-continued', reason: 'aborted' }]);
  });

  it('goes on with what it says may go on, no further than the rules', async () => {
    pair.first.enqueue(breaks(chat, 'reset'));
    const { fail, settled } = decide(() => 'continue');
    await fail({ body: { response_format: format } });

    expect(goingOnOf(settled[0])).toEqual([{ kind: 'not-continued', reason: 'structured_output' }]);
  });
});

describe('the option', () => {
  it.each(['retry', '', true, null, { body: {} }])('is not %j', (onInterrupted) => {
    // What an application without types may give.
    const options = { onInterrupted } as never;
    const path = /onInterrupted: must be 'error', 'continue' or a function/;

    expect(() => createGateway(options)).toThrow(path);
    expect(() => perCall(options)).toThrow(path);
    expect(() => createGateway().run(options, () => 0)).toThrow(path);
  });
});
