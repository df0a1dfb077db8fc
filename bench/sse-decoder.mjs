// Time of SseDecoder for one event, in several cuttings. Run: npx node bench/sse-decoder.mjs
import { loadSource } from './load-source.mjs';

const { SseDecoder } = await loadSource('src/dialects/sse-decoder.ts');

const openaiChunk =
  'data: {"id":"chatcmpl-000000000000","object":"chat.completion.chunk","created":1700000000,' +
  '"model":"gpt-5-mini","service_tier":"default","system_fingerprint":"fp_0000000000",' +
  '"choices":[{"index":0,"delta":{"content":" hello"},"logprobs":null,"finish_reason":null}]}\n\n';
const anthropicChunk =
  'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,' +
  '"delta":{"type":"text_delta","text":" hello"}      }\n\n';

function cut(bytes, size) {
  const pieces = [];
  for (let at = 0; at < bytes.length; at += size) pieces.push(bytes.subarray(at, at + size));
  return pieces;
}

function time(title, events, pieces) {
  const run = () => {
    const decoder = new SseDecoder();
    const out = [];
    let count = 0;
    for (const piece of pieces) {
      decoder.push(piece, out);
      count += out.length;
      out.length = 0;
    }
    if (count !== events) throw new Error(`${title}: ${count} events, not ${events}`);
  };
  let best = Infinity;
  for (let round = 0; round < 40; round += 1) {
    const start = process.hrtime.bigint();
    run();
    best = Math.min(best, Number(process.hrtime.bigint() - start));
  }
  console.log(`${title.padEnd(44)} ${(best / events).toFixed(0).padStart(8)} ns an event`);
}

const events = 20_000;
const openai = Buffer.from(openaiChunk.repeat(events));
const crlf = Buffer.from(openaiChunk.replaceAll('\n', '\r\n').repeat(events));
const anthropic = Buffer.from(anthropicChunk.repeat(events));
console.log(
  `node ${process.version}, events of ${openaiChunk.length} and ${anthropicChunk.length} bytes`,
);
time('OpenAI, one event a chunk', events, cut(openai, openaiChunk.length));
time('OpenAI, 16 KiB chunks', events, cut(openai, 16_384));
time('OpenAI, 64 KiB chunks', events, cut(openai, 65_536));
time('OpenAI, 100 byte chunks', events, cut(openai, 100));
time('OpenAI, CRLF, one event a chunk', events, cut(crlf, openaiChunk.length + 2));
time(
  'OpenAI, plain Uint8Array, one event a chunk',
  events,
  cut(new Uint8Array(openai.buffer, openai.byteOffset, openai.length), openaiChunk.length),
);
time('Anthropic, one event a chunk', events, cut(anthropic, anthropicChunk.length));
time('Anthropic, 64 KiB chunks', events, cut(anthropic, 65_536));
const large = Buffer.from(`data: ${'x'.repeat(16 * 1024 * 1024)}\n\n`);
time('one event of 16 MiB, 64 KiB chunks', 1, cut(large, 65_536));
time('one event of 16 MiB, 1 KiB chunks', 1, cut(large, 1024));
time(
  'one event of 1 MiB, 1 byte chunks',
  1,
  cut(Buffer.from(`data: ${'x'.repeat(1 << 20)}\n\n`), 1),
);
