/** Makes calls, leaves a stream half read and a call running, closes the gateway, and must then end by itself. Argument: the base URL. */
import { createGatewayClient } from 'zerohop';
import { bodyOf, callJson, callStream } from '../support/workload.js';

const client = createGatewayClient({ apiKey: 'bench', baseURL: process.argv[2] });
await callJson(client);
await callStream(client, 'burst', 50);
const stream = await client.chat.completions.create({ ...bodyOf('paced-50'), stream: true });
for await (const _chunk of stream) break;
const running = callStream(client, 'paced', 20);
// A call is open once its request is on its way.
await new Promise((resolve) => setTimeout(resolve, 20));
await client.gateway.close();
await running;
console.log('closed');
