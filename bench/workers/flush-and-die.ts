/** 100 calls whose settlements are appended to a file by a slow listener; after `flush()` the process is killed. Argument: the file. */
import { appendFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { createGatewayClient } from 'zerohop';
import { memoryFetch } from '../support/memory-fetch.js';
import { callJson, callStream } from '../support/workload.js';

const file = process.argv[2] ?? '';
const client = createGatewayClient({ apiKey: 'bench', fetch: memoryFetch });
client.gateway.on('settled', async ({ callId, text }) => {
  await sleep(Math.random() * 50);
  await appendFile(file, `${JSON.stringify({ callId, characters: text.length })}\n`);
});

await Promise.all(
  Array.from({ length: 100 }, (_, index) =>
    index % 2 === 0 ? callJson(client) : callStream(client, 'burst', 50),
  ),
);
await client.gateway.flush();
process.kill(process.pid, 'SIGKILL');
