import type OpenAI from 'openai';
import { describe, expectTypeOf, test } from 'vitest';
import {
  type AttemptRecord,
  attemptsOf,
  createGateway,
  editJson,
  type GatewayContext,
  type GatewayRequest,
  type Interceptor,
  mapEvents,
  type Next,
  type Settlement,
  settlementOf,
} from 'zerohop';

describe('an interceptor', () => {
  test('is a function of request, next and context', () => {
    expectTypeOf<Interceptor>().parameters.toEqualTypeOf<[GatewayRequest, Next, GatewayContext]>();
    expectTypeOf<Interceptor>().returns.toEqualTypeOf<Promise<Response>>();
    expectTypeOf<Next>().parameters.toEqualTypeOf<[GatewayRequest]>();
    expectTypeOf(async (request: GatewayRequest, next: Next) =>
      next(request),
    ).toExtend<Interceptor>();
    expectTypeOf((request: GatewayRequest, next: Next) =>
      next({ ...request, headers: { a: null } }),
    ).toExtend<Interceptor>();
  });

  test('must answer with a response', () => {
    // @ts-expect-error gives nothing
    createGateway({ interceptors: [async () => undefined] });
    // @ts-expect-error gives the body
    createGateway({ interceptors: [async (request, next) => (await next(request)).json()] });
    // @ts-expect-error is not a function
    createGateway({ attemptInterceptors: ['log'] });
  });

  test('does not change the request in place', () => {
    const interceptor: Interceptor = (request, next) => {
      // @ts-expect-error pass a copy to next()
      request.body = {};
      return next(request);
    };

    expectTypeOf(interceptor).toEqualTypeOf<Interceptor>();
  });

  test('has its context typed', () => {
    expectTypeOf<GatewayContext['attempts']>().toEqualTypeOf<readonly AttemptRecord[]>();
    expectTypeOf<GatewayContext['signal']>().toEqualTypeOf<AbortSignal>();
    expectTypeOf<GatewayContext['onSettled']>()
      .parameter(0)
      .parameter(0)
      .toEqualTypeOf<Settlement>();
    expectTypeOf<GatewayContext['metadata']>().toExtend<Readonly<Record<string, unknown>>>();
  });

  test('can use the helpers', () => {
    expectTypeOf(editJson).toBeFunction();
    expectTypeOf(mapEvents).toBeFunction();
  });
});

describe('what happened', () => {
  test('settlementOf() takes any answer and gives its settlement', () => {
    expectTypeOf(settlementOf).returns.resolves.toEqualTypeOf<Settlement>();
    expectTypeOf(settlementOf).toBeCallableWith({} as OpenAI.Chat.ChatCompletion);
    // @ts-expect-error text belongs to no call
    void (() => settlementOf('text'));
  });

  test('attemptsOf() takes whatever was thrown', () => {
    expectTypeOf(attemptsOf).parameter(0).toBeUnknown();
    expectTypeOf(attemptsOf).returns.toEqualTypeOf<readonly AttemptRecord[]>();
  });
});
