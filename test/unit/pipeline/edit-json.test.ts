import { describe, expect, it } from 'vitest';
import { createGatewayClient, editJson, settlementOf } from 'zerohop';
import { startFakeProvider } from 'zerohop/testing';

const json = (body: string, contentType = 'application/json', init: ResponseInit = {}) =>
  new Response(body, { ...init, headers: { 'content-type': contentType, 'content-length': '99' } });

describe('editJson', () => {
  it('changes a body, and keeps status and headers', async () => {
    const edited = await editJson(json('{"a":1}', undefined, { status: 201 }), (body) => ({
      was: body,
    }));

    expect(await edited.json()).toEqual({ was: { a: 1 } });
    expect(edited.status).toBe(201);
    expect(edited.headers.get('content-type')).toBe('application/json');
    expect(edited.headers.has('content-length')).toBe(false);
  });

  it('shows the same body as text and as JSON', async () => {
    const edit = () => editJson(json('{"a":1}'), () => ({ b: '\u00fc' }));

    expect(await (await edit()).text()).toBe('{"b":"\u00fc"}');
    expect(await (await edit()).json()).toEqual({ b: '\u00fc' });
  });

  it('lets the body be changed in place', async () => {
    const edited = await editJson(json('{"a":1}'), (body) => Object.assign(Object(body), { b: 2 }));

    expect(await edited.json()).toEqual({ a: 1, b: 2 });
  });

  it.each(['application/json; charset=utf-8', 'Application/JSON', 'application/problem+json'])(
    'takes %s for JSON',
    async (contentType) => {
      const edited = await editJson(json('{}', contentType), () => 'edited');

      expect(await edited.json()).toBe('edited');
    },
  );

  it.each(['text/event-stream', 'audio/mpeg', 'text/plain', 'application/jsonl', ''])(
    'leaves a response of type "%s" as it is, unread',
    async (contentType) => {
      const response = json('{}', contentType);

      expect(await editJson(response, () => 'edited')).toBe(response);
      expect(response.bodyUsed).toBe(false);
    },
  );

  it('fails where the body is not the JSON it claims to be', async () => {
    await expect(editJson(json('<html>'), (body) => body)).rejects.toBeInstanceOf(SyntaxError);
  });

  it('changes what the caller of a wrapped client gets, and what its settlement does not say', async () => {
    await using provider = await startFakeProvider();
    const client = createGatewayClient({
      apiKey: 'test',
      baseURL: provider.baseURL,
      gateway: {
        interceptors: [
          async (request, next) =>
            editJson(await next(request), (body) => ({ ...Object(body), model: 'edited' })),
        ],
      },
    });

    const answer = await client.chat.completions.create({
      model: 'm',
      messages: [{ role: 'user', content: 'hi' }],
    });

    expect(answer).toMatchObject({
      model: 'edited',
      choices: [{ message: { content: 'echo: hi' } }],
    });
    expect(await settlementOf(answer)).toMatchObject({
      model: 'm',
      outcome: 'success',
      text: 'echo: hi',
    });
  });
});
