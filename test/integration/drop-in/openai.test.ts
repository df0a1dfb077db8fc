import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createGateway, createGatewayClient } from 'zerohop';
import { type FakeProvider, startFakeProvider } from 'zerohop/testing';

import { openaiRows } from './rows/openai.js';
import { bare, type Connect, observe, openaiBench } from './support/bench.js';
import { openai7, openaiSdks } from './support/sdks.js';

const gateway = createGateway();
const wrap: Connect = (client) => gateway.wrap(client);

let provider: FakeProvider;
beforeAll(async () => {
  // The time of the fake's headers stands still, so that both clients see the same.
  provider = await startFakeProvider({ now: () => 1_750_000_000_000 });
});
afterAll(() => provider.close());

describe.each(openaiSdks)('a wrapped client gives what the bare one gives ($name)', (sdk) => {
  it.each(openaiRows)('$name', async (row) => {
    const expected = await observe(row, openaiBench(sdk, provider, bare));

    const actual = await observe(row, openaiBench(sdk, provider, wrap));

    expect(actual).toStrictEqual(expected);
  });
});

describe('createGatewayClient() gives what new OpenAI() gives', () => {
  it.each(openaiRows)('$name', async (row) => {
    const expected = await observe(row, openaiBench(openai7, provider, bare));

    const bench = openaiBench(openai7, provider, wrap, (options) =>
      createGatewayClient({ ...options, gateway }),
    );
    const actual = await observe(row, bench);

    expect(actual).toStrictEqual(expected);
  });
});
