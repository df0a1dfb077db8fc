/** Interceptors change requests and answers, around the call or around every attempt. */
import { deepStrictEqual, strictEqual } from 'node:assert';
import OpenAI from 'openai';
import { createGateway, editJson, type Interceptor, mapEvents } from 'zerohop';
import { startFakeProvider } from 'zerohop/testing';

await using provider = await startFakeProvider({ reply: { text: 'quiet' } });
const trail: string[] = [];

const cheaper: Interceptor = async function cheaper(request, next, context) {
  context.decide('model-changed', { to: 'gpt-5-nano' });
  return next({ ...request, body: { ...Object(request.body), model: 'gpt-5-nano' } });
};

const shout: Interceptor = async function shout(request, next) {
  const response = await next(request);
  return request.stream ? mapEvents(response, upperCased) : editJson(response, upperCased);
};

const counted: Interceptor = async function counted(request, next, context) {
  trail.push(`attempt ${context.attempt}`);
  return next(request);
};

await using gateway = createGateway({
  interceptors: [cheaper, shout],
  attemptInterceptors: [counted],
});
const client = gateway.wrap(new OpenAI({ apiKey: 'sk-example', baseURL: provider.baseURL }));

provider.enqueue({ status: 503, headers: { 'retry-after-ms': '1' } });
const answer = await client.chat.completions.create({
  model: 'gpt-5',
  messages: [{ role: 'user', content: 'Whisper.' }],
});

strictEqual(answer.choices[0]?.message.content, 'QUIET');
strictEqual(answer.model, 'GPT-5-NANO');
deepStrictEqual(trail, ['attempt 0', 'attempt 1']);
console.log(answer.choices[0]?.message.content, trail);

/** Upper-cases every string in a body. */
function upperCased(value: unknown): unknown {
  if (typeof value === 'string') return value.toUpperCase();
  if (Array.isArray(value)) return value.map(upperCased);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [key, upperCased(member)]),
  );
}
