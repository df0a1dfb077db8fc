/** Every tenant brings a key of its own: a function gives the client for a call, and no key is ever sent for another tenant. */
import { deepStrictEqual, ok, rejects, strictEqual } from 'node:assert';
import OpenAI from 'openai';
import { createGateway, perCall, target } from 'zerohop';
import { startFakeProvider } from 'zerohop/testing';

await using provider = await startFakeProvider();

// From a vault, in earnest.
const keys = new Map([
  ['acme', 'sk-acme'],
  ['globex', 'sk-globex'],
]);
const clients = new Map<string, OpenAI>();

/** One client for each tenant, kept: the gateway makes ready each client once. */
async function clientOf(tenant: unknown): Promise<OpenAI> {
  const apiKey = keys.get(String(tenant));
  // Whoever is unknown is answered by nobody: there is no key that everyone may use.
  if (apiKey === undefined) throw new Error('no key');
  const client = clients.get(apiKey) ?? new OpenAI({ apiKey, baseURL: provider.baseURL });
  clients.set(apiKey, client);
  return client;
}

const gateway = createGateway({
  route: target({
    name: 'tenants-own',
    client: ({ context }) => clientOf(context.metadata.tenant),
  }),
  // So that what arrives says whose it is.
  forwardMetadata: { user: 'tenant' },
});
// Its own key is never used: every call goes by the route.
const client = gateway.wrap(new OpenAI({ apiKey: 'sk-platform', baseURL: provider.baseURL }));
const ask = (tenant: string) =>
  client.chat.completions.create(
    { model: 'gpt-5-mini', messages: [{ role: 'user', content: 'Hi.' }] },
    perCall({ metadata: { tenant } }),
  );

// Many at once, by turns, and the first two fail, so that they are sent again.
for (let failure = 0; failure < 2; failure += 1) {
  provider.enqueue({ status: 500, headers: { 'retry-after-ms': '1' } });
}
const tenants = Array.from({ length: 40 }, (_, index) => (index % 2 === 0 ? 'acme' : 'globex'));
await Promise.all(tenants.map(ask));

strictEqual(provider.requests.length, 42);
const arrived = provider.requests.map(({ headers, json }) => ({
  key: headers.authorization,
  tenant: String(Object(json).user),
}));
for (const { key, tenant } of arrived) strictEqual(key, `Bearer sk-${tenant}`);
ok(provider.requests.every(({ rawHeaders }) => !rawHeaders.join().includes('sk-platform')));

// A tenant that is not known is refused, with the status that the SDK knows, and nothing is sent.
await rejects(
  async () => ask('stranger'),
  (error) => error instanceof OpenAI.InternalServerError && error.code === 'zerohop_no_target',
);
strictEqual(provider.requests.length, 42);

// A key that is changed is the new one's from the next call on.
keys.set('acme', 'sk-acme-2');
await ask('acme');
strictEqual(provider.requests.at(-1)?.headers.authorization, 'Bearer sk-acme-2');
const used = new Set(arrived.map(({ key }) => key));
deepStrictEqual([...used].sort(), ['Bearer sk-acme', 'Bearer sk-globex']);
console.log({ requests: arrived.length, used: [...used] });
await gateway.close();
