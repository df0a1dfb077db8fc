import type { DialectName } from '../dialects/dialect.js';
import type { KnownProvider } from '../pipeline/known-providers.js';

/** A provider that a client can be made for by name. */
export interface ProviderEndpoint {
  /** As users write it: `groq` in `'groq/llama-3.3-70b-versatile'`. */
  readonly name: string;
  /** Whose API it is, for telemetry and prices. */
  readonly provider: KnownProvider;
  /** What an OpenAI client takes. */
  readonly baseURL: string;
  /** What an Anthropic client takes. @defaultValue `baseURL` without its `/v1` */
  readonly anthropicBaseURL?: string | undefined;
  /** The wire formats it speaks. */
  readonly dialects: ReadonlySet<DialectName>;
  readonly apiKey?: string | undefined;
  /** Environment variable of the key. Without it and without `apiKey` no key is sent. */
  readonly apiKeyEnv?: string | undefined;
  /** A key is sent only where there is one. */
  readonly keyIsOptional?: boolean | undefined;
  /** It is the SDK's own: its base URL, organisation and headers come from the SDK's environment variables, as its key does. */
  readonly isSdksOwn?: boolean | undefined;
  /** Sent with every request. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
}
