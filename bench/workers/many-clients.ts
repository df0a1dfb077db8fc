/** Clients made per request on one shared gateway, and what they leave. */
import OpenAI from 'openai';
import { createGateway, createGatewayClient } from 'zerohop';
import { memoryFetch } from '../support/memory-fetch.js';
import { serve } from '../support/serve.js';
import { callJson, collectGarbage, heldBytes } from '../support/workload.js';

const OPTIONS = { apiKey: 'bench', fetch: memoryFetch };
const gateway = createGateway();

/** What the clients cost while they are there, and what they leave. */
export interface ManyClients {
  readonly bareKilobytes: number;
  readonly gatewayKilobytes: number;
  readonly leftBytes: number;
  readonly handlesBefore: string;
  readonly handlesAfter: string;
  readonly microseconds: number;
}

async function heldBy(count: number, make: () => unknown): Promise<number> {
  await collectGarbage();
  const before = heldBytes();
  const clients = Array.from({ length: count }, make);
  await collectGarbage();
  const held = heldBytes() - before;
  return clients.length === count ? held / count / 1_024 : Number.NaN;
}

/** Makes clients as a server does, one a request; every tenth makes a call. */
async function makeAndDrop(make: () => OpenAI, count: number): Promise<void> {
  for (let index = 0; index < count; index += 1) {
    const client = make();
    if (index % 10 === 0) await callJson(client);
  }
}

serve({
  async run({ count }: { count: number }): Promise<ManyClients> {
    const make = () => createGatewayClient({ ...OPTIONS, gateway });
    await makeAndDrop(make, count / 2);
    await collectGarbage();
    const before = heldBytes();
    const handlesBefore = process.getActiveResourcesInfo().sort().join(' ');
    const start = performance.now();
    await makeAndDrop(make, count);
    const microseconds = ((performance.now() - start) * 1_000) / count;
    await collectGarbage();
    return {
      microseconds,
      leftBytes: heldBytes() - before,
      handlesBefore,
      handlesAfter: process.getActiveResourcesInfo().sort().join(' '),
      bareKilobytes: await heldBy(1_000, () => new OpenAI(OPTIONS)),
      gatewayKilobytes: await heldBy(1_000, make),
    };
  },
});
