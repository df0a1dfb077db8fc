import fc from 'fast-check';
import type {
  CanonicalRequest,
  Part,
  TextPart,
  Tool,
  ToolCallPart,
  Turn,
} from '../../../../src/dialects/translation/canonical-request.js';
import { EFFORTS } from '../../../../src/dialects/translation/canonical-request.js';

const word = fc.stringMatching(/^[a-z][a-z ]{0,10}[a-z]$/);
const name = fc.stringMatching(/^[a-z_]{1,12}$/);
const maybe = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: undefined });
/** Half of them have one. */
const cache = fc.option(fc.constant({ type: 'ephemeral' }), { nil: undefined, freq: 6 });

const text: fc.Arbitrary<TextPart> = fc.record({
  type: fc.constant('text' as const),
  text: word,
  cache,
});

const source = fc.oneof(
  fc.constant({ kind: 'url' as const, url: 'https://example.com/a.png' }),
  fc.constant({ kind: 'base64' as const, mediaType: 'image/png', data: 'AAAA' }),
);
const image = fc.record({
  type: fc.constant('image' as const),
  source,
  detail: maybe(fc.constantFrom('low', 'high', 'auto')),
});
const document = fc.record({
  type: fc.constant('document' as const),
  source: fc.oneof(
    fc.constant({ kind: 'base64' as const, mediaType: 'application/pdf', data: 'BBBB' }),
    fc.constant({ kind: 'url' as const, url: 'https://example.com/a.pdf' }),
    fc.record({ kind: fc.constant('text' as const), text: word }),
  ),
  name: maybe(fc.constant('a.pdf')),
  context: fc.option(word, { nil: undefined, freq: 8 }),
  citations: fc.option(fc.constant(true), { nil: undefined, freq: 8 }),
});
const audio = fc.constant({ type: 'audio' as const, data: 'CCCC', format: 'wav' });

const userPart: fc.Arbitrary<Part> = fc.oneof(
  { weight: 6, arbitrary: text },
  { weight: 2, arbitrary: image },
  { weight: 1, arbitrary: document },
  { weight: 1, arbitrary: audio },
);

const reasoning: fc.Arbitrary<Part> = fc.oneof(
  fc.record({
    type: fc.constant('reasoning' as const),
    text: word,
    isSummary: fc.constant(false),
    seal: fc.constant({ dialect: 'anthropic-messages' as const, signature: 'sig' }),
  }),
  fc.record({
    type: fc.constant('reasoning' as const),
    text: word,
    isSummary: fc.constant(true),
    seal: fc.constant({ dialect: 'openai-responses' as const, encrypted: 'enc', id: 'rs_1' }),
  }),
);

const json = fc
  .dictionary(name, fc.oneof(word, fc.integer(), fc.boolean()))
  .map((it) => JSON.stringify(it));

/** A call, and the content of its result. */
const exchange = fc.record({
  name,
  custom: fc.option(fc.constant(true), { nil: false, freq: 6 }),
  arguments: json,
  input: word,
  isError: fc.option(fc.constant(true), { nil: undefined, freq: 4 }),
  result: fc.array(fc.oneof({ weight: 5, arbitrary: text }, { weight: 1, arbitrary: image }), {
    minLength: 1,
    maxLength: 2,
  }),
});

/** What the assistant and then the user say. */
const round = fc.record({
  thought: fc.option(reasoning, { nil: undefined, freq: 4 }),
  said: fc.array(text, { maxLength: 1 }),
  refused: fc.option(word, { nil: undefined, freq: 12 }),
  exchanges: fc.array(exchange, { maxLength: 2 }),
  asked: fc.array(userPart, { maxLength: 3 }),
});

const turns: fc.Arbitrary<readonly Turn[]> = fc
  .record({
    system: fc.array(word, { maxLength: 2 }),
    first: fc.array(userPart, { minLength: 1, maxLength: 3 }),
    rounds: fc.array(round, { maxLength: 3 }),
  })
  .map(({ system, first, rounds }) => {
    const all: Turn[] = system.map((said) => ({
      role: 'system',
      parts: [{ type: 'text', text: said }],
    }));
    all.push({ role: 'user', parts: first });
    rounds.forEach(({ thought, said, refused, exchanges, asked }, index) => {
      const calls = exchanges.map(
        (each, position): ToolCallPart => ({
          type: 'tool-call',
          id: `call_${index}_${position}`,
          name: each.name,
          kind: each.custom ? 'custom' : 'function',
          arguments: each.custom ? each.input : each.arguments,
        }),
      );
      const parts: Part[] = [
        ...(thought ? [thought] : []),
        ...said,
        ...(refused && calls.length === 0 ? [{ type: 'refusal' as const, text: refused }] : []),
        ...calls,
      ];
      const results = exchanges.map(
        (each, position): Part => ({
          type: 'tool-result',
          id: `call_${index}_${position}`,
          kind: each.custom ? 'custom' : 'function',
          isError: each.isError,
          parts: each.result,
        }),
      );
      const heard =
        results.length + asked.length > 0 ? asked : [{ type: 'text' as const, text: 'go on' }];
      if (parts.length > 0) all.push({ role: 'assistant', parts });
      // The user goes on where nobody said anything.
      if (parts.length === 0) return;
      all.push({ role: 'user', parts: [...results, ...heard] });
    });
    return all;
  });

const closed = {
  type: 'object',
  properties: { city: { type: 'string' } },
  required: ['city'],
  additionalProperties: false,
};
const open = { type: 'object', properties: { city: { type: 'string' } } };

const tool: fc.Arbitrary<Tool> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('function' as const),
      name,
      description: maybe(word),
      schema: fc.constantFrom(closed, open),
      strict: maybe(fc.boolean()),
      cache,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('custom' as const),
      name,
      description: maybe(word),
      format: maybe(fc.constant({ type: 'grammar', syntax: 'regex', definition: '.*' })),
    }),
  },
);

/** Any request that a dialect could have made. */
export function anyRequest(): fc.Arbitrary<CanonicalRequest> {
  return fc
    .record({
      from: fc.constant('openai-chat' as const),
      model: fc.constant('m'),
      turns,
      tools: fc.uniqueArray(tool, { maxLength: 3, selector: (each) => each.name }),
      choice: fc.constantFrom('none-given', 'auto', 'none', 'required', 'tool', 'allowed'),
      parallelToolCalls: maybe(fc.boolean()),
      format: fc.option(
        fc.oneof(
          fc.constant({ type: 'json_object' as const }),
          fc.record({
            type: fc.constant('json_schema' as const),
            name: fc.constant('place'),
            schema: fc.constantFrom(closed, open),
            strict: maybe(fc.constant(true)),
          }),
        ),
        { nil: undefined, freq: 3 },
      ),
      reasoning: fc.option(fc.record({ effort: fc.constantFrom(...EFFORTS) }), { nil: undefined }),
      maxOutputTokens: maybe(fc.integer({ min: 16, max: 9_000 })),
      sampling: fc.record(
        {
          temperature: fc.constant(0.5),
          top_p: fc.constant(0.9),
          top_k: fc.constant(5),
          seed: fc.constant(7),
        },
        { requiredKeys: [] },
      ),
      stop: fc.array(word, { maxLength: 2 }),
      choices: fc.constantFrom(1, 1, 1, 2),
      userId: maybe(fc.constant('u-1')),
      stream: fc.boolean(),
      includeUsage: fc.constant(false),
    })
    .map(({ choice, ...request }) => {
      const [first] = request.tools;
      if (first === undefined || choice === 'none-given') return request;
      if (choice === 'tool') return { ...request, toolChoice: { type: choice, name: first.name } };
      if (choice === 'allowed') {
        return { ...request, toolChoice: { type: choice, mode: 'auto', names: [first.name] } };
      }
      return { ...request, toolChoice: { type: choice } };
    });
}
