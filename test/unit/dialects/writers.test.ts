import { describe, expect, it } from 'vitest';
import type { CanonicalEvent } from '../../../src/dialects/canonical-events.js';
import { createWriter } from '../../../src/dialects/create-writer.js';
import type { DialectName } from '../../../src/dialects/dialect.js';
import { fixtures } from '../../fixtures/dialects/index.js';
import { read, spell } from './support/read.js';

const SECRETS = /hello|"hel"|"lo"|"hm?"|"one"|"two"|"three"|<think>/g;

/** Every word of the answer replaced, as a guardrail would do it. */
function redacted(event: CanonicalEvent): CanonicalEvent {
  const words = ['text', 'refusal', 'reasoning', 'reasoning-summary'].includes(event.type);
  return words && 'text' in event ? { ...event, text: event.text.replace(/./g, '*') } : event;
}

function edit(
  dialect: DialectName,
  body: unknown,
  change: (event: CanonicalEvent) => CanonicalEvent,
) {
  const events = read(dialect, body).events.map(change);
  const writer = createWriter(dialect);
  return { json: () => JSON.stringify(writer.json(events)), sse: () => spell(writer.sse(events)) };
}

const answers = fixtures.filter(
  ({ complete, choices }) => complete && choices && choices.length > 0,
);

describe('a writer', () => {
  it.each(answers)(
    'leaves no trace of words that were edited ($dialect: $title)',
    ({ dialect, body, choices }) => {
      const secrets = (text: string) => text.match(SECRETS)?.length ?? 0;
      const before = edit(dialect, body, (event) => event);
      const written = edit(dialect, body, redacted);

      if (choices?.some(({ text, reasoning }) => text?.[0] === 5 || reasoning)) {
        expect(secrets(before.json())).toBeGreaterThan(0);
        expect(secrets(before.sse())).toBeGreaterThan(0);
      }
      expect(secrets(written.json())).toBe(0);
      expect(secrets(written.sse())).toBe(0);
    },
  );

  it.each(answers)(
    'writes the model, id and usage that were edited ($dialect: $title)',
    ({ dialect, body, title }) => {
      // A block that says another model took over says so still.
      const model = title.startsWith('final figures in the delta') ? 'm-2' : 'edited';
      const written = edit(dialect, body, (event) => {
        if (event.type === 'start') return { ...event, model: 'edited', id: 'new' };
        if (event.type !== 'usage') return event;
        return {
          ...event,
          usage: { ...event.usage, inputTokens: (event.usage.inputTokens ?? 0) + 1_000 },
        };
      });
      const original = read(dialect, body).reader.facts();

      for (const other of [JSON.parse(written.json()), written.sse()]) {
        const facts = read(dialect, other).reader.facts();
        expect(facts).toMatchObject({ model, id: 'new' });
        if (original.usage?.inputTokens !== undefined) {
          expect((facts.usage?.inputTokens ?? 0) - original.usage.inputTokens).toBe(1_000);
        }
      }
    },
  );

  it('writes the finish reason, the tool call and the arguments that were edited', () => {
    const chat = answers.find(({ title }) => title === 'parallel tool calls in pieces');
    const responses = answers.find(({ title }) => title.startsWith('reasoning, a function call'));
    const messages = answers.find(({ title }) => title.startsWith('thinking, text and tool calls'));

    for (const fixture of [chat, responses, messages]) {
      if (fixture === undefined) throw new Error('A fixture is missing.');
      const written = edit(fixture.dialect, fixture.body, (event) => {
        if (event.type === 'finish') return { ...event, reason: 'incomplete' };
        if (event.type === 'tool-call') return { ...event, name: `my-${event.name}` };
        return event.type === 'tool-arguments'
          ? { ...event, text: event.text.replaceAll('x', 'y') }
          : event;
      });
      const { choices } = read(fixture.dialect, written.sse()).reader.facts();

      expect(choices[0]?.finishReason).toBe('incomplete');
      expect(choices[0]?.toolCalls[0]).toMatchObject({
        name: expect.stringMatching(/^my-/),
        arguments: '{"y":1}',
      });
    }
  });

  it('does not change the events it writes', () => {
    for (const { dialect, body } of answers) {
      const { events } = read(dialect, body);
      const before = structuredClone(events);

      createWriter(dialect).json(events);
      spell(createWriter(dialect).sse(events));

      expect(events).toEqual(before);
    }
  });

  it('keeps members named like prototypes as data, in both modes', () => {
    const body: unknown = JSON.parse(
      '{"id":"c","__proto__":{"polluted":1},"choices":[{"index":0,"finish_reason":"stop","message":{"role":"assistant","content":"x","__proto__":{"polluted":1}}}]}',
    );
    const { events } = read('openai-chat', body);
    const writer = createWriter('openai-chat');

    const again = read('openai-chat', spell(writer.sse(events))).events;

    expect(JSON.stringify(writer.json(events))).toBe(JSON.stringify(body));
    expect(JSON.stringify(writer.json(again))).toContain('"__proto__":{"polluted":1}');
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  it('keeps the logprob of a certain token, which is minus zero', () => {
    const stream =
      'data: {"choices":[{"index":0,"delta":{},"logprobs":{"content":[{"token":"x","logprob":-0.0}]}}]}\n\n';

    const written = spell(createWriter('openai-chat').sse(read('openai-chat', stream).events));

    expect(written).toBe(stream);
  });

  it('keeps the first of two finish reasons in a body', () => {
    const finish = (reason: string | null) =>
      `data: {"choices":[{"index":0,"delta":{"content":"x"},"finish_reason":${JSON.stringify(reason)}}]}\n\n`;
    const { events } = read('openai-chat', finish('stop') + finish('length') + finish(null));

    expect(createWriter('openai-chat').json(events)).toMatchObject({
      choices: [{ finish_reason: 'stop', message: { content: 'xxx' } }],
    });
  });

  it('refuses the frames of another dialect', () => {
    const { events } = read('openai-completions', {
      choices: [{ index: 0, text: 'x', finish_reason: 'stop' }],
    });

    expect(() => createWriter('openai-chat').json(events)).toThrow(
      'Cannot write openai-completions frames as openai-chat.',
    );
    expect(() => createWriter('openai-chat').json([])).toThrow(
      'There is no openai-chat frame to write.',
    );
  });

  it('writes a stream that the SDK helpers accept: a role first, a finish reason last', () => {
    const { events } = read('openai-chat', {
      id: 'c',
      object: 'chat.completion',
      created: 1,
      model: 'm',
      choices: [{ index: 0, message: { role: 'assistant', content: 'x' }, finish_reason: 'stop' }],
      usage: { prompt_tokens: 1 },
    });

    const chunks = [...createWriter('openai-chat').sse(events)].map(({ data }) => data);

    expect(chunks).toEqual([
      '{"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"role":"assistant"},"logprobs":null,"finish_reason":null}]}',
      '{"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"content":"x"},"logprobs":null,"finish_reason":null}]}',
      '{"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{},"logprobs":null,"finish_reason":"stop"}]}',
      '{"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[],"usage":{"prompt_tokens":1}}',
      '[DONE]',
    ]);
  });
});
