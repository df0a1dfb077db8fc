import { inspect } from 'node:util';
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { describe, expect, it } from 'vitest';
import { createGateway, type TelemetryEvent } from 'zerohop';
import { createInMemoryFetch, type Reply } from 'zerohop/testing';
import { recordMetrics, recordSpans } from './support/recording.js';

const CANARY = 'canary-7f3a9c';
const chat = { model: 'gpt-5-mini', messages: [{ role: 'user' as const, content: 'Hi.' }] };
const message = { model: 'claude-sonnet-4-6', max_tokens: 5, messages: chat.messages };

/** Every place that can hold a credential. */
const headers = {
  'x-api-key': `${CANARY}-x-api-key`,
  'api-key': `${CANARY}-api-key`,
  'x-goog-api-key': `${CANARY}-goog`,
  cookie: `session=${CANARY}-cookie`,
  'proxy-authorization': `Basic ${CANARY}-proxy`,
};
const places = {
  defaultHeaders: { ...headers, 'x-own': `${CANARY}-own` },
  defaultQuery: { key: `${CANARY}-query` },
  maxRetries: 1,
};

const faults: readonly Reply[] = [
  {},
  {
    status: 401,
    error: { message: `Incorrect API key provided: ${CANARY}-echo`, code: 'invalid_api_key' },
  },
  {
    status: 400,
    error: { message: `${CANARY}-echo`, code: `${CANARY}-code`, type: `${CANARY}-type` },
  },
  { status: 500, body: `${CANARY}-body` },
  { status: 307, headers: { location: `https://elsewhere.example/?key=${CANARY}-location` } },
  { fault: 'reset' },
  { fault: { kind: 'error-event', message: `${CANARY}-event`, type: `${CANARY}-event-type` } },
  { fault: 'html' },
  { headers: { 'set-cookie': `${CANARY}-set-cookie` } },
];

describe('credentials', () => {
  it('are in no span, event or metric, whatever goes wrong', async () => {
    const recording = recordSpans();
    const { meterProvider, points } = recordMetrics();
    const events: TelemetryEvent[] = [];
    const fetch = createInMemoryFetch();
    const gateway = createGateway({
      telemetry: {
        tracerProvider: recording.tracerProvider,
        meterProvider,
        profile: 'both',
        captureContent: 'both',
        onEvent: (event) => events.push(event),
      },
      metadata: { service: 'checkout' },
    });
    const openai = gateway.wrap(
      new OpenAI({
        ...places,
        apiKey: `sk-${CANARY}`,
        organization: `${CANARY}-organization`,
        project: `${CANARY}-project`,
        baseURL: `https://user:${CANARY}-password@llm.example/v1`,
        fetch,
      }),
    );
    const wrapAnthropic = (given: object) =>
      gateway.wrap(new Anthropic({ ...places, ...given, fetch }));
    const anthropic = wrapAnthropic({ apiKey: `sk-ant-${CANARY}` });
    const bearer = wrapAnthropic({ apiKey: null, authToken: `${CANARY}-token` });
    const own = { headers: { authorization: `Bearer ${CANARY}-call` } };
    const calls = [
      () => openai.chat.completions.create(chat, own),
      async () => {
        for await (const _ of await openai.chat.completions.create({ ...chat, stream: true }, own));
      },
      () => openai.responses.create({ model: 'gpt-5-mini', input: 'Hi.' }, own),
      () => openai.files.retrieve(`${CANARY}-file`),
      () => anthropic.messages.create(message, own),
      () => bearer.messages.create(message),
    ];

    for (const fault of faults) {
      for (const call of calls) {
        fetch.enqueue(fault, { times: 2 });
        await call().catch(() => undefined);
        fetch.reset();
      }
    }

    const seen = recording.spans();
    const told = [
      ...seen.map(({ name, attributes, events, status, resource, links }) => [
        name,
        attributes,
        events,
        status,
        resource.attributes,
        links,
      ]),
      events,
      await points(),
    ];
    expect(seen.length).toBe(faults.length * calls.length);
    expect(JSON.stringify(told)).not.toContain(CANARY);
    expect(inspect(told, { depth: 10, showHidden: true })).not.toContain(CANARY);
  }, 60_000);
});
