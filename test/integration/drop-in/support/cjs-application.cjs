// A CommonJS application over the built package: prints what its calls gave, through bare and wrapped clients.
// Usage: node cjs-application.cjs <dist folder> <provider URL>
const [, , dist, url] = process.argv;
const { createGateway, createGatewayClient, perCall, settlementOf } = require(`${dist}/index.cjs`);
const { createAnthropicGatewayClient } = require(`${dist}/anthropic.cjs`);
const { OpenAI } = require('openai');
const { OpenAI: OpenAI6 } = require('openai-6');
const { Anthropic } = require('@anthropic-ai/sdk');

const chat = { model: 'm', messages: [{ role: 'user', content: 'one two' }] };
const openai = { apiKey: 'k', baseURL: `${url}/v1`, maxRetries: 0 };
const anthropic = { apiKey: 'k', baseURL: url, maxRetries: 0 };

async function collect(items) {
  const seen = [];
  for await (const item of items) seen.push(item);
  return seen;
}

/** Ids are counted by the provider, so they differ from call to call. */
function withoutIds(value) {
  return JSON.parse(JSON.stringify(value).replaceAll(/fake\d+/g, 'fake'));
}

async function callOpenAI(client, Own) {
  const error = await client.models.retrieve('missing').catch((thrown) => thrown);
  return withoutIds({
    whole: await client.chat.completions.create(chat),
    chunks: await collect(await client.chat.completions.create({ ...chat, stream: true })),
    models: await collect(client.models.list()),
    error: [error instanceof Own.NotFoundError, error.message],
  });
}

async function callAnthropic(client, Own) {
  const error = await client.models.retrieve('missing').catch((thrown) => thrown);
  return withoutIds({
    whole: await client.messages.create({ ...chat, max_tokens: 9 }),
    events: await collect(await client.messages.create({ ...chat, max_tokens: 9, stream: true })),
    error: [error instanceof Own.NotFoundError, error.message],
  });
}

async function main() {
  const gateway = createGateway();
  const created = createGatewayClient({ ...openai, gateway });
  const settlement = await settlementOf(
    await created.chat.completions.create(chat, perCall({ metadata: { a: 1 } })),
  );
  const results = {
    bare: {
      openai7: await callOpenAI(new OpenAI(openai), OpenAI),
      created: await callOpenAI(new OpenAI(openai), OpenAI),
      openai6: await callOpenAI(new OpenAI6(openai), OpenAI6),
      anthropic1: await callAnthropic(new Anthropic(anthropic), Anthropic),
      anthropicCreated: await callAnthropic(new Anthropic(anthropic), Anthropic),
    },
    wrapped: {
      openai7: await callOpenAI(gateway.wrap(new OpenAI(openai)), OpenAI),
      created: await callOpenAI(created, OpenAI),
      openai6: await callOpenAI(gateway.wrap(new OpenAI6(openai)), OpenAI6),
      anthropic1: await callAnthropic(gateway.wrap(new Anthropic(anthropic)), Anthropic),
      anthropicCreated: await callAnthropic(
        createAnthropicGatewayClient({ ...anthropic, gateway }),
        Anthropic,
      ),
    },
    outcome: settlement.outcome,
  };
  await gateway.close();
  console.log(JSON.stringify(results));
}

void main();
