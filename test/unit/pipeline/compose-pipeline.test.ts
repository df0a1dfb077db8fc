import { describe, expect, it } from 'vitest';

import type { CallContext } from '../../../src/pipeline/call-context.js';
import { composePipeline } from '../../../src/pipeline/compose-pipeline.js';
import type { GatewayRequest, Interceptor, Next } from '../../../src/pipeline/contract.js';
import { GatewayError } from '../../../src/pipeline/errors.js';
import { GatewayHeaders } from '../../../src/pipeline/gateway-headers.js';
import { GatewayResponse } from '../../../src/pipeline/gateway-response.js';
import { chatRequest, contextOf } from './context.js';

function run(
  interceptors: readonly Interceptor[],
  { terminal = async () => new Response('answer') as Response, context = contextOf() } = {} as {
    terminal?: Next;
    context?: CallContext;
  },
): Promise<Response> {
  return composePipeline(interceptors, terminal, context)(chatRequest);
}

/** A response that notes when its body is given up. */
function watchedResponse(): { response: Response; givenUp: () => boolean } {
  let givenUp = false;
  const source = {
    pull: async () => null,
    cancel: () => {
      givenUp = true;
    },
  };
  const headers = new GatewayHeaders([]);
  const response = new GatewayResponse({
    status: 200,
    headers,
    payload: { kind: 'source', source },
  });
  return { response, givenUp: () => givenUp };
}

describe('composePipeline', () => {
  it('runs the interceptors in their order on the way in, and in the opposite order on the way out', async () => {
    const trail: string[] = [];
    const traced =
      (name: string): Interceptor =>
      async (request, next) => {
        trail.push(`${name} in`);
        const response = await next(request);
        trail.push(`${name} out`);
        return response;
      };

    await run([traced('a'), traced('b'), traced('c')], {
      terminal: async () => {
        trail.push('sent');
        return new Response('answer');
      },
    });

    expect(trail).toEqual(['a in', 'b in', 'c in', 'sent', 'c out', 'b out', 'a out']);
  });

  it('is what is at its end where there are none', async () => {
    expect(await (await run([])).text()).toBe('answer');
  });

  it('hands on changed requests and responses', async () => {
    const seen: GatewayRequest[] = [];
    const change: Interceptor = async (request, next) => {
      await next({ ...request, body: { model: 'other' } });
      return new Response('changed');
    };

    const response = await run([change], {
      terminal: async (request) => {
        seen.push(request);
        return new Response('answer');
      },
    });

    expect(seen).toEqual([{ ...chatRequest, body: { model: 'other' } }]);
    expect(await response.text()).toBe('changed');
  });

  it('lets an interceptor answer by itself', async () => {
    let sent = 0;
    const short: Interceptor = async () => new Response('short');

    const response = await run([short], {
      terminal: async () => {
        sent += 1;
        return new Response('answer');
      },
    });

    expect([await response.text(), sent]).toEqual(['short', 0]);
  });

  it('lets an interceptor call next() again, and gives up the response that it does not return', async () => {
    const watched = [watchedResponse(), watchedResponse()];
    let sent = 0;
    const twice: Interceptor = async (request, next) => {
      await next(request);
      return next(request);
    };

    const response = await run([twice], {
      terminal: async () => watched[sent++]?.response ?? new Response(),
    });

    expect(response).toBe(watched[1]?.response);
    expect(watched.map(({ givenUp }) => givenUp())).toEqual([true, false]);
  });

  it('passes what comes from below through, unnamed', async () => {
    const upstream = new Error('upstream');
    const pass: Interceptor = (request, next) => next(request);

    const call = run([pass, pass], { terminal: () => Promise.reject(upstream) });

    await expect(call).rejects.toBe(upstream);
  });

  it('passes an abort through, unnamed', async () => {
    const context = contextOf();
    const reason = new DOMException('over', 'AbortError');
    const pass: Interceptor = async () => {
      context.controller.abort(reason);
      throw reason;
    };

    await expect(run([pass], { context })).rejects.toBe(reason);
  });
});

/** What an interceptor can do wrong, and what is said of it. */
const faults: readonly (readonly [string, Interceptor, string])[] = [
  [
    'throws',
    function thrower() {
      throw new Error('oops');
    },
    'interceptor "thrower" threw: oops',
  ],
  [
    'rejects',
    async function rejecter() {
      throw new TypeError('oops');
    },
    'interceptor "rejecter" threw: oops',
  ],
  [
    'throws what is no error',
    async function odd() {
      // biome-ignore lint/style/useThrowOnlyError: the fault under test
      throw 'a string';
    },
    'interceptor "odd" threw: a string',
  ],
  [
    'throws another error than it got from below',
    async function wrapper(request, next) {
      await next(request);
      throw new Error('after');
    },
    'interceptor "wrapper" threw: after',
  ],
  [
    'returns nothing',
    lying('nothing', undefined),
    'interceptor "nothing" returned undefined instead of a Response',
  ],
  ['returns null', lying('nil', null), 'interceptor "nil" returned null instead of a Response'],
  [
    'returns text',
    lying('text', 'answer'),
    'interceptor "text" returned string instead of a Response',
  ],
  [
    'returns an object',
    lying('object', { ok: true }),
    'interceptor "object" returned object instead of a Response',
  ],
  [
    'reads the body',
    async function reader(request, next) {
      const response = await next(request);
      await response.text();
      return response;
    },
    'interceptor "reader" read the body of the response it returned',
  ],
  [
    'calls next() without a request',
    (async (_request, next) => Reflect.apply(next, undefined, [])) as Interceptor,
    'interceptor "#0" called next() without a request',
  ],
];

/** An interceptor that returns what its type forbids. */
function lying(name: string, value: unknown): Interceptor {
  const interceptor = async () => value as Response;
  return Object.defineProperty(interceptor, 'name', { value: name });
}

describe('an interceptor that', () => {
  it.each(faults)('%s is named', async (_, interceptor, message) => {
    const error = await run([interceptor]).catch((thrown: unknown) => thrown);

    expect(error).toBeInstanceOf(GatewayError);
    expect(error).toMatchObject({
      code: 'zerohop_interceptor',
      message: expect.stringContaining(message),
    });
  });

  it.each(faults)('%s is named once, also below others', async (_, interceptor, message) => {
    const pass: Interceptor = (request, next) => next(request);

    const error = await run([pass, interceptor]).catch((thrown: unknown) => thrown);

    expect(error).toMatchObject({ message: expect.stringContaining(message.replace('#0', '#1')) });
  });

  it('throws is named with the cause kept', async () => {
    const cause = new Error('oops');

    const call = run([() => Promise.reject(cause)]);

    await expect(call).rejects.toMatchObject({ cause });
  });

  it('fails after next() has the response given up', async () => {
    const { response, givenUp } = watchedResponse();

    const call = run([lying('nothing', undefined), (request, next) => next(request)]);
    const late = run(
      [
        async (request, next) => {
          await next(request);
          throw new Error('after');
        },
      ],
      { terminal: async () => response },
    );

    await expect(Promise.all([call, late])).rejects.toThrow();
    await expect(late).rejects.toThrow('after');
    expect(givenUp()).toBe(true);
  });

  it('calls next() after the call has settled is refused', async () => {
    const context = contextOf();
    let kept: Next | undefined;
    await run(
      [
        function hoarder(request, next) {
          kept = next;
          return next(request);
        },
      ],
      { context },
    );
    context.settle('success');

    await expect(kept?.(chatRequest)).rejects.toThrow(
      'interceptor "hoarder" called next() after the call had settled',
    );
  });
});
