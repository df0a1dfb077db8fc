import { describe, expect, it } from 'vitest';
import type { QuotaLimit } from '../../../src/pipeline/admission.js';
import { quotaFrom } from '../../../src/routing/provider-quota.js';

const WALL_NOW = Date.parse('2026-06-08T18:45:30Z');
const requests = { unit: 'requests', refills: true } as const;
const tokens = { unit: 'tokens', refills: true } as const;
const atOnce = { refills: false } as const;

describe('quotaFrom', () => {
  it.each<[string, Record<string, string>, readonly QuotaLimit[]]>([
    [
      'OpenAI and Groq',
      {
        'x-ratelimit-limit-requests': '1000',
        'x-ratelimit-remaining-requests': '970',
        'x-ratelimit-reset-requests': '41m59.542s',
        'x-ratelimit-limit-tokens': '40000',
        'x-ratelimit-remaining-tokens': '37742',
        'x-ratelimit-reset-tokens': '3.386s',
      },
      [
        { ...requests, remaining: 970, limit: 1000, resetMs: 2_519_542 },
        { ...tokens, remaining: 37_742, limit: 40_000, resetMs: 3_386 },
      ],
    ],
    [
      'Azure, in ms',
      {
        'x-ratelimit-limit-requests': '120',
        'x-ratelimit-remaining-requests': '119',
        'x-ratelimit-reset-requests': '500',
      },
      [{ ...requests, remaining: 119, limit: 120, resetMs: 500 }],
    ],
    [
      'xAI, which names no reset',
      { 'x-ratelimit-limit-tokens': '100', 'x-ratelimit-remaining-tokens': '0' },
      [{ ...tokens, remaining: 0, limit: 100, resetMs: undefined }],
    ],
    [
      'Mistral',
      { 'x-ratelimit-limit-req-minute': '60', 'x-ratelimit-remaining-req-minute': '59' },
      [{ ...requests, ...atOnce, remaining: 59, limit: 60, resetMs: undefined }],
    ],
    [
      'Hugging Face, in fractions',
      { 'x-ratelimit-limit-tokens': '33333.5', 'x-ratelimit-remaining-tokens': '33310.25' },
      [{ ...tokens, remaining: 33_310.25, limit: 33_333.5, resetMs: undefined }],
    ],
    [
      'OpenRouter, since the epoch',
      {
        'x-ratelimit-limit': '1',
        'x-ratelimit-remaining': '0',
        'x-ratelimit-reset': String(WALL_NOW + 60_000),
      },
      [{ ...requests, ...atOnce, remaining: 0, limit: 1, resetMs: 60_000 }],
    ],
    [
      'Together, in seconds',
      { 'x-ratelimit-limit': '2', 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '2' },
      [{ ...requests, ...atOnce, remaining: 0, limit: 2, resetMs: 2_000 }],
    ],
    [
      'Anthropic',
      {
        'anthropic-ratelimit-requests-limit': '50',
        'anthropic-ratelimit-requests-remaining': '49',
        'anthropic-ratelimit-requests-reset': '2026-06-08T18:45:39Z',
        'anthropic-ratelimit-tokens-limit': '100',
        'anthropic-ratelimit-tokens-remaining': '80',
        'anthropic-ratelimit-tokens-reset': '2026-06-08T18:45:31.5Z',
        'anthropic-ratelimit-input-tokens-limit': '60',
        'anthropic-ratelimit-input-tokens-remaining': '50',
        'anthropic-ratelimit-input-tokens-reset': '2026-06-08T20:45:30+02:00',
        'anthropic-ratelimit-output-tokens-limit': '40',
        'anthropic-ratelimit-output-tokens-remaining': '30',
        'anthropic-ratelimit-output-tokens-reset': '2026-06-08T18:45:29Z',
      },
      [
        { ...requests, remaining: 49, limit: 50, resetMs: 9_000 },
        { ...tokens, remaining: 80, limit: 100, resetMs: 1_500 },
        { ...tokens, unit: 'inputTokens', remaining: 50, limit: 60, resetMs: 0 },
        { ...tokens, unit: 'outputTokens', remaining: 30, limit: 40, resetMs: 0 },
      ],
    ],
    [
      'Anthropic, of which only some are sent',
      {
        'anthropic-ratelimit-input-tokens-limit': '60',
        'anthropic-ratelimit-input-tokens-remaining': '50',
      },
      [{ ...tokens, unit: 'inputTokens', remaining: 50, limit: 60, resetMs: undefined }],
    ],
    ['a server that says nothing', { 'content-type': 'application/json' }, []],
    [
      'values that make no sense',
      {
        'x-ratelimit-remaining-requests': '-1',
        'x-ratelimit-remaining-tokens': 'many',
        'x-ratelimit-limit-tokens': 'NaN',
      },
      [],
    ],
    [
      'a limit and a reset that make no sense',
      {
        'x-ratelimit-remaining-requests': '3',
        'x-ratelimit-limit-requests': '',
        'x-ratelimit-reset-requests': 'soon',
      },
      [{ ...requests, remaining: 3, limit: undefined, resetMs: undefined }],
    ],
  ])('reads %s', (_, headers, quota) => {
    expect(quotaFrom(new Headers(headers), WALL_NOW)).toEqual(quota);
  });

  it.each([
    ['1s', 1_000],
    ['0s', 0],
    ['6m0s', 360_000],
    ['1h2m3.5s', 3_723_500],
    ['120ms', 120],
    ['1m120ms', 60_120],
    ['1s5ms', 1_005],
    ['2d', 172_800_000],
    ['26.5µs', 0],
    ['895', 895],
    ['1780944331', 1_000],
    ['1780944331000', 1_000],
    ['1', 1],
    ['s', undefined],
    ['1x', undefined],
    ['5s6m', undefined],
    ['-1s', undefined],
    ['2026-99-99T00:00:00Z', undefined],
    ['', undefined],
  ])('reads a reset of %j as %s ms', (reset, resetMs) => {
    const headers = new Headers({
      'x-ratelimit-remaining-tokens': '1',
      'x-ratelimit-reset-tokens': reset,
    });

    expect(quotaFrom(headers, WALL_NOW)[0]?.resetMs).toBe(resetMs);
  });
});
