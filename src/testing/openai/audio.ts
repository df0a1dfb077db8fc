import { type Answer, bytesAnswer, jsonAnswer, sseAnswer } from '../answer.js';
import { textOf } from '../json.js';
import { estimateTokens } from '../model/prompt.js';
import type { Reply } from '../reply.js';
import type { RouteContext } from '../route.js';
import { doneEvent, splitText, typedEvent } from '../sse.js';
import { formPart, missingFile } from './files.js';

const audioTypes: Readonly<Record<string, string>> = {
  mp3: 'audio/mpeg',
  wav: 'audio/wav',
  opus: 'audio/ogg',
  aac: 'audio/aac',
  flac: 'audio/flac',
  pcm: 'audio/pcm',
};

/** `POST /audio/speech`: bytes that spell the input, or audio events with `stream_format: 'sse'`. */
export function speech({ body }: RouteContext): Answer {
  const input = textOf(body.input);
  const bytes = Buffer.from(`ID3 fake audio: ${input}`);
  if (body.stream_format === 'sse') {
    const usage = { input_tokens: estimateTokens(input), output_tokens: 10 };
    return sseAnswer('openai', [
      typedEvent({ type: 'speech.audio.delta', audio: bytes.toString('base64') }),
      typedEvent({ type: 'speech.audio.done', usage }, 'marker'),
    ]);
  }
  return bytesAnswer(
    'openai',
    audioTypes[textOf(body.response_format, 'mp3')] ?? 'audio/mpeg',
    bytes,
  );
}

/** `POST /audio/transcriptions` and `/audio/translations`: multipart in; JSON, text or a stream out. */
export function transcription({ request, reply }: RouteContext): Answer {
  const file = formPart(request, 'file');
  if (file === undefined) return missingFile();
  const text =
    scriptedText(reply) ?? `transcript of ${file.filename ?? 'audio'} (${file.bytes.length} bytes)`;
  if (formPart(request, 'stream')?.text === 'true') return transcriptStream(text, reply);
  const format = formPart(request, 'response_format')?.text ?? 'json';
  if (['text', 'srt', 'vtt'].includes(format)) {
    return bytesAnswer('openai', 'text/plain; charset=utf-8', `${text}\n`);
  }
  if (format === 'verbose_json') {
    const details = { task: 'transcribe', language: 'english', duration: 1.5, segments: [] };
    return jsonAnswer('openai', { ...details, text, usage: { type: 'duration', seconds: 2 } });
  }
  return jsonAnswer('openai', { text, usage: transcriptUsage(text, reply) });
}

function transcriptStream(text: string, reply: Reply): Answer {
  const deltas = splitText(text, reply.pacing?.chunkSize).map((delta) => {
    return typedEvent({ type: 'transcript.text.delta', delta });
  });
  const usage = transcriptUsage(text, reply);
  const done = typedEvent({ type: 'transcript.text.done', text, usage }, 'closing');
  return sseAnswer('openai', [...deltas, done, doneEvent]);
}

function transcriptUsage(text: string, { usage }: Reply): object {
  const input_tokens = usage?.inputTokens ?? 14;
  const output_tokens = usage?.outputTokens ?? estimateTokens(text);
  return {
    type: 'tokens',
    input_tokens,
    input_token_details: { text_tokens: 0, audio_tokens: input_tokens },
    output_tokens,
    total_tokens: input_tokens + output_tokens,
  };
}

function scriptedText({ text }: Reply): string | undefined {
  return typeof text === 'string' ? text : text?.[0];
}
