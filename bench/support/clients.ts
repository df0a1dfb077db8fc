import OpenAI, { type ClientOptions } from 'openai';
import type { Interceptor } from 'zerohop';

/** Which client is measured. */
export type Variant = 'bare' | 'gateway' | 'interceptor' | 'settled';

/** What a `settled` listener saw. */
export interface Seen {
  calls: number;
  tokens: number;
  characters: number;
}

/** A client, and what its settled listener sees where it has one. */
export interface Subject {
  readonly client: OpenAI;
  readonly seen: Seen | undefined;
}

/** Makes a client. A process that measures the bare SDK never loads the gateway. */
export async function makeClient(variant: Variant, options: ClientOptions): Promise<Subject> {
  const sdk = { apiKey: 'bench', ...options };
  if (variant === 'bare') return { client: new OpenAI(sdk), seen: undefined };
  const { createGatewayClient } = await import('zerohop');
  if (variant === 'gateway') return { client: createGatewayClient(sdk), seen: undefined };
  if (variant === 'interceptor') {
    const pass: Interceptor = async (request, next) => next(request);
    const interceptors = [pass];
    return { client: createGatewayClient({ ...sdk, gateway: { interceptors } }), seen: undefined };
  }
  const client = createGatewayClient(sdk);
  const seen = { calls: 0, tokens: 0, characters: 0 };
  client.gateway.on('settled', ({ usage, text }) => {
    seen.calls += 1;
    seen.tokens += usage?.outputTokens ?? 0;
    seen.characters += text.length;
  });
  return { client, seen };
}
