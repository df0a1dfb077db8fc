import Instructor from '@instructor-ai/instructor';
import type OpenAI from 'openai';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createGatewayClient, type Settlement } from 'zerohop';
import { type FakeProvider, startFakeProvider } from 'zerohop/testing';
// Its own dependencies understand schemas of this version only.
import { z } from 'zod/v3';

const Person = z.object({ name: z.string(), age: z.number() });
const messages = [{ role: 'user' as const, content: 'Ada is 36' }];

let provider: FakeProvider;
beforeAll(async () => {
  provider = await startFakeProvider();
});
beforeEach(() => provider.reset());
afterAll(() => provider.close());

function setUp() {
  const client = createGatewayClient({ apiKey: 'test', baseURL: provider.baseURL });
  const settled: Settlement[] = [];
  client.gateway.on('settled', (settlement) => settled.push(settlement));
  const instructor = Instructor({ client: client as OpenAI, mode: 'TOOLS' });
  provider.enqueue({ toolCalls: [{ name: 'Person', arguments: { name: 'Ada', age: 36 } }] });
  return { instructor, settled };
}

// The types of its zod are those of another copy.
const response_model = { schema: Person, name: 'Person' } as never;

describe('instructor with a wrapped client', () => {
  it('extracts an object', async () => {
    const { instructor, settled } = setUp();

    const person = await instructor.chat.completions.create({
      model: 'm',
      messages,
      response_model,
    });

    expect(person).toMatchObject({ name: 'Ada', age: 36 });
    expect(settled).toMatchObject([{ operation: 'chat', outcome: 'success' }]);
  });

  it('extracts an object from a stream', async () => {
    const { instructor, settled } = setUp();

    const stream: unknown = await instructor.chat.completions.create({
      model: 'm',
      messages,
      response_model,
      stream: true,
    });
    const seen: unknown[] = [];
    for await (const partial of stream as AsyncIterable<unknown>) seen.push(partial);

    expect(seen.at(-1)).toMatchObject({ name: 'Ada', age: 36 });
    expect(settled).toMatchObject([{ operation: 'chat', stream: true, outcome: 'success' }]);
  });
});
