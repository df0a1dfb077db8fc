import { describe, expect, it } from 'vitest';
import { createGateway, createGatewayClient, isGatewayError, perCall } from 'zerohop';
import { createAnthropicGatewayClient } from 'zerohop/anthropic';

// What a caller without types may pass.
const untyped = (options: unknown) => options as never;

function messageOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    return isGatewayError(error) ? `${error.code}: ${error.message}` : String(error);
  }
  return 'nothing was thrown';
}

describe('an option that is not known or not fit throws with its path', () => {
  it.each([
    [{ cahce: true }, 'gateway.cahce: unknown option'],
    [
      { timeouts: { foo: 1 } },
      'gateway.timeouts.foo: unknown option; known are connect, firstByte, idle, total',
    ],
    [{ timeouts: { total: 0 } }, 'gateway.timeouts.total: must be a number from 1 to'],
    [{ timeouts: { idle: Number.NaN } }, 'gateway.timeouts.idle'],
    [{ timeouts: { idle: Number.POSITIVE_INFINITY } }, 'gateway.timeouts.idle'],
    [{ timeouts: { connect: 2 ** 31 } }, 'gateway.timeouts.connect'],
    [{ timeouts: null }, 'gateway.timeouts: must be an object'],
    [{ limits: { maxBodyBytes: 1.5 } }, 'gateway.limits.maxBodyBytes: must be a whole number'],
    [{ limits: { max: 1 } }, 'gateway.limits.max: unknown option'],
    [{ maxAttempts: 13 }, 'gateway.maxAttempts: must be a whole number from 1 to 12 (got 13)'],
    [{ interceptors: [() => undefined, 'no'] }, 'gateway.interceptors[1]: must be a function'],
    [{ attemptInterceptors: {} }, 'gateway.attemptInterceptors: must be an array'],
    [{ transport: 'undici' }, "gateway.transport: must be one of 'auto', 'fetch'"],
    [{ origins: ['https://api.openai.com/v1'] }, 'gateway.origins[0]: must be an origin'],
    [{ logger: 'console' }, 'gateway.logger: must be an object'],
    [{ metadata: [] }, 'gateway.metadata: must be an object'],
    [{ waitUntil: true }, 'gateway.waitUntil: must be a function'],
    [{ bypass: true }, 'gateway.bypass: unknown option'],
    [JSON.parse('{"__proto__": 1}'), 'gateway.__proto__: unknown option'],
    ['text', 'gateway: must be an object'],
  ])('%j', (options, message) => {
    expect(messageOf(() => createGateway(untyped(options)))).toContain(
      `zerohop_config: ${message}`,
    );
  });

  it.each([
    [
      'createGatewayClient',
      () => createGatewayClient(untyped({ apiKey: 'k', gateway: { timeouts: { foo: 1 } } })),
    ],
    [
      'createAnthropicGatewayClient',
      () =>
        createAnthropicGatewayClient(untyped({ apiKey: 'k', gateway: { timeouts: { foo: 1 } } })),
    ],
  ])('through %s', (_, create) => {
    expect(messageOf(create)).toContain('zerohop_config: gateway.timeouts.foo: unknown option');
  });

  it.each([
    [{ metadate: {} }, 'perCall.metadate: unknown option'],
    [{ timeouts: { totla: 1 } }, 'perCall.timeouts.totla: unknown option'],
    [{ bypass: 'yes' }, 'perCall.bypass: must be true or false'],
  ])('perCall(%j)', (options, message) => {
    expect(messageOf(() => perCall(untyped(options)))).toContain(`zerohop_config: ${message}`);
  });

  it('gateway.run()', () => {
    expect(messageOf(() => createGateway().run(untyped({ tag: 1 }), () => 1))).toContain(
      'run.tag: unknown option',
    );
  });

  it('never with a value that could be a secret', () => {
    const message = messageOf(() =>
      createGateway(untyped({ transport: 'sk-secret', origins: ['https://u:sk-secret@h'] })),
    );

    expect(message).toContain('gateway.transport');
    expect(message).not.toContain('sk-secret');
  });
});

describe('options that are fit', () => {
  it.each([
    [undefined],
    [{}],
    [{ timeouts: undefined, interceptors: undefined, metadata: undefined }],
    [
      {
        timeouts: { connect: 1, firstByte: 2, idle: 3, total: 2 ** 31 - 1 },
        limits: {},
        maxAttempts: 12,
      },
    ],
    [
      {
        origins: ['https://api.openai.com', 'http://127.0.0.1:8080/'],
        transport: 'fetch' as const,
      },
    ],
  ])('%j are taken', (options) => {
    expect(messageOf(() => createGateway(options))).toBe('nothing was thrown');
  });
});
