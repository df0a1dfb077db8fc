// Time of a reader for one event, beside JSON.parse of the same event. Run: node bench/dialect-readers.mjs
import { loadSource } from './load-source.mjs';

const { createReader } = await loadSource('src/dialects/create-reader.ts');

const chat = (delta, finish = null) =>
  JSON.stringify({
    id: 'chatcmpl-000000000000',
    object: 'chat.completion.chunk',
    created: 1_700_000_000,
    model: 'gpt-5-mini',
    service_tier: 'default',
    system_fingerprint: 'fp_0000000000',
    choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }],
    usage: null,
    obfuscation: 'abcdefgh',
  });
const argumentsPiece = { tool_calls: [{ index: 0, function: { arguments: '{"a"' } }] };
const streams = {
  'chat text': [
    'openai-chat',
    chat({ content: ' hello' }),
    [chat({ role: 'assistant', content: '' })],
  ],
  'chat reasoning': ['openai-chat', chat({ reasoning_content: ' hello' }), []],
  'chat tool call': ['openai-chat', chat(argumentsPiece), []],
  'responses text': [
    'openai-responses',
    JSON.stringify({
      type: 'response.output_text.delta',
      sequence_number: 12,
      item_id: 'msg_0000000000000000',
      output_index: 0,
      content_index: 0,
      delta: ' hello',
      logprobs: [],
      obfuscation: 'abcdefgh',
    }),
    [],
  ],
  'anthropic text': [
    'anthropic-messages',
    '{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":" hello"}   }',
    [],
  ],
};
const events = 20_000;

function best(run) {
  let nanoseconds = Infinity;
  for (let round = 0; round < 30; round += 1) {
    const start = process.hrtime.bigint();
    run();
    nanoseconds = Math.min(nanoseconds, Number(process.hrtime.bigint() - start));
  }
  return nanoseconds / events;
}

let kept;
for (const [title, [dialect, text, first]] of Object.entries(streams)) {
  const parse = best(() => {
    for (let index = 0; index < events; index += 1) kept = JSON.parse(text);
  });
  const read = (sink) => () => {
    const reader = createReader(dialect, sink);
    for (const event of first) reader.readEvent(null, JSON.parse(event));
    for (let index = 0; index < events; index += 1) reader.readEvent(null, JSON.parse(text));
    kept = reader;
  };
  const fold = best(read());
  const record = best(read({ onEvent() {} }));
  const figure = (value) => `${value.toFixed(0).padStart(5)} ns`;
  console.log(
    `${title.padEnd(16)} JSON.parse ${figure(parse)}  + fold ${figure(fold - parse)}  + events ${figure(record - fold)}`,
  );
}
if (kept === undefined) throw new Error('Nothing was read.');
