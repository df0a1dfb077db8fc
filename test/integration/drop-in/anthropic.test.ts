import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createGateway } from 'zerohop';
import { createAnthropicGatewayClient } from 'zerohop/anthropic';
import { type FakeProvider, startFakeProvider } from 'zerohop/testing';

import { anthropicRows } from './rows/anthropic.js';
import { anthropicBench, bare, type Connect, observe } from './support/bench.js';
import { anthropic1, anthropicSdks } from './support/sdks.js';

const gateway = createGateway();
const wrap: Connect = (client) => gateway.wrap(client);

let provider: FakeProvider;
beforeAll(async () => {
  // The time of the fake's headers stands still, so that both clients see the same.
  provider = await startFakeProvider({ now: () => 1_750_000_000_000 });
});
afterAll(() => provider.close());

describe.each(anthropicSdks)('a wrapped client gives what the bare one gives ($name)', (sdk) => {
  it.each(anthropicRows)('$name', async (row) => {
    const expected = await observe(row, anthropicBench(sdk, provider, bare));

    const actual = await observe(row, anthropicBench(sdk, provider, wrap));

    expect(actual).toStrictEqual(expected);
  });
});

describe('createAnthropicGatewayClient() gives what new Anthropic() gives', () => {
  it.each(anthropicRows)('$name', async (row) => {
    const expected = await observe(row, anthropicBench(anthropic1, provider, bare));

    const bench = anthropicBench(anthropic1, provider, wrap, (options) =>
      createAnthropicGatewayClient({ ...options, gateway }),
    );
    const actual = await observe(row, bench);

    expect(actual).toStrictEqual(expected);
  });
});
