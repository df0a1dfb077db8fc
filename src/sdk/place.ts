import { type KnownProvider, ownerOf, providerOf } from '../pipeline/known-providers.js';
import { addressOf, type ServerAddress } from '../pipeline/target.js';
import type { SdkClient } from './client-types.js';

/** Where a client's calls go, as long as its base URL stays. */
export interface Place {
  readonly name: string;
  readonly provider: KnownProvider;
  readonly address: ServerAddress;
  /** Whose it is, in a word. */
  readonly owner: string;
}

/** Where a client's base URL points. */
export function placeOf(client: SdkClient): Place {
  const url = URL.parse(client.baseURL);
  const name = url?.host ?? 'unknown';
  const provider = providerOf(name, client.constructor.name);
  const address = url ? addressOf(url) : { host: name, port: 443 };
  return { name, provider, address, owner: ownerOf(provider, address) };
}
