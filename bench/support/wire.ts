/** What the bench's provider says: one JSON answer of 1.5 KB, and streams of any number of chunks. */
const ANSWER_BYTES = 1_500;
const WORD = ' word7';
const USAGE = {
  prompt_tokens: 57,
  completion_tokens: 340,
  total_tokens: 397,
  prompt_tokens_details: { cached_tokens: 0, audio_tokens: 0 },
  completion_tokens_details: { reasoning_tokens: 0, audio_tokens: 0 },
};

function answerOf(content: string): string {
  return JSON.stringify({
    id: 'chatcmpl-bench00000000000000000000',
    object: 'chat.completion',
    created: 1_790_000_000,
    model: 'gpt-5-mini',
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content, refusal: null, annotations: [] },
        logprobs: null,
        finish_reason: 'stop',
      },
    ],
    usage: USAGE,
    service_tier: 'default',
    system_fingerprint: 'fp_bench00000',
  });
}

export const ANSWER_TEXT = 'a'.repeat(ANSWER_BYTES - answerOf('').length);
export const ANSWER = answerOf(ANSWER_TEXT);
export const ERROR_ANSWER = JSON.stringify({
  error: { message: 'bench: refused', type: 'invalid_request_error', param: null, code: null },
});

function eventOf(choices: readonly unknown[], usage?: unknown): string {
  const chunk = {
    id: 'chatcmpl-bench00000000000000000000',
    object: 'chat.completion.chunk',
    created: 1_790_000_000,
    model: 'gpt-5-mini',
    service_tier: 'default',
    system_fingerprint: 'fp_bench00000',
    choices,
    ...(usage === undefined ? {} : { usage }),
  };
  return `data: ${JSON.stringify(chunk)}\n\n`;
}

/** One chunk of text. */
export function textEvent(content: string): string {
  return eventOf([{ index: 0, delta: { content }, logprobs: null, finish_reason: null }]);
}

/** The events of a stream of `chunks` chunks: a role, text, and a finish reason; usage only where it was asked for. */
export function streamEvents(chunks: number, includeUsage: boolean): Uint8Array[] {
  const events = [
    eventOf([
      {
        index: 0,
        delta: { role: 'assistant', content: '', refusal: null },
        logprobs: null,
        finish_reason: null,
      },
    ]),
    ...Array.from({ length: chunks - 2 }, () => textEvent(WORD)),
    eventOf([{ index: 0, delta: {}, logprobs: null, finish_reason: 'stop' }]),
    ...(includeUsage ? [eventOf([], USAGE)] : []),
    'data: [DONE]\n\n',
  ];
  return events.map((event) => new TextEncoder().encode(event));
}

/** Characters of text in a stream of that many chunks. */
export function streamCharacters(chunks: number): number {
  return (chunks - 2) * WORD.length;
}

/** What a request asks the provider to do: its model's name, such as `json` or `burst-50`, and whether it wants usage. */
export interface Asked {
  readonly what: string;
  readonly count: number;
  readonly includeUsage: boolean;
}

const asked = new Map<string, Asked>();

export function readRequest(body: string): Asked {
  const model = /"model":"([^"]*)"/.exec(body)?.[1] ?? 'json';
  const includeUsage = body.includes('"include_usage":true');
  const key = includeUsage ? `${model}+` : model;
  let known = asked.get(key);
  if (known === undefined) {
    const [what = 'json', count = '0'] = model.split('-');
    known = { what, count: Number(count), includeUsage };
    asked.set(key, known);
  }
  return known;
}
