import type { Dialect } from './answer.js';

/** The headers that a provider adds to every answer. The date is real; everything else is always the same. */
export function usualHeaders(
  dialect: Dialect,
  requestId: string,
  now: number,
): Record<string, string> {
  const date = new Date(now).toUTCString();
  if (dialect === 'anthropic') {
    return {
      date,
      'request-id': requestId,
      'anthropic-organization-id': 'fake-organization',
      'anthropic-ratelimit-requests-limit': '4000',
      'anthropic-ratelimit-requests-remaining': '3999',
      'anthropic-ratelimit-requests-reset': new Date(now + 1000).toISOString(),
      'anthropic-ratelimit-tokens-limit': '400000',
      'anthropic-ratelimit-tokens-remaining': '399000',
      'anthropic-ratelimit-tokens-reset': new Date(now + 1000).toISOString(),
      server: 'fake-provider',
    };
  }
  return {
    date,
    'x-request-id': requestId,
    'openai-organization': 'fake-organization',
    'openai-processing-ms': '12',
    'openai-version': '2020-10-01',
    'x-ratelimit-limit-requests': '10000',
    'x-ratelimit-limit-tokens': '2000000',
    'x-ratelimit-remaining-requests': '9999',
    'x-ratelimit-remaining-tokens': '1999000',
    'x-ratelimit-reset-requests': '6ms',
    'x-ratelimit-reset-tokens': '30ms',
    server: 'fake-provider',
  };
}
