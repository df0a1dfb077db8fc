import type { CallContext } from '../pipeline/call-context.js';
import { GatewayError } from '../pipeline/errors.js';
import { GatewayResponse } from '../pipeline/gateway-response.js';
import { belongsTo } from '../pipeline/settlement-of.js';
import type {
  ParseResponse,
  SdkClient,
  SdkPromise,
  SdkResponseProps,
  SdkStream,
} from './client-types.js';
import { iterateEvents, type StreamRule } from './event-stream.js';
import { findJsonRule, isParsed, type JsonRule, takeParsed } from './json-rule.js';

type PromiseClass = new (
  client: SdkClient,
  props: Promise<SdkResponseProps>,
  parse?: ParseResponse,
) => SdkPromise;
type PageClass = new (
  client: SdkClient,
  props: Promise<SdkResponseProps>,
  page: unknown,
) => SdkPromise;
type StreamClass = new (
  iterator: () => AsyncIterator<unknown>,
  controller: AbortController,
  client: SdkClient,
) => SdkStream;

/** The classes a client's SDK makes its answers of, found by asking the client itself. */
export interface Seam {
  /** An `APIPromise` over the outcome of a call. */
  promise(client: SdkClient, call: Promise<SealedCall>): SdkPromise;
  /** A `PagePromise` over the outcome of a call. */
  page(client: SdkClient, page: unknown, call: Promise<SealedCall>): SdkPromise;
}

/** The outcome of a call, as the SDK wants it, and the call it belongs to. */
export interface SealedCall {
  readonly props: SdkResponseProps;
  readonly context: CallContext | undefined;
}

const seams = new WeakMap<object, Seam>();

/** The seam of a client's class; found once. Throws a {@link GatewayError} where there is none. */
export function seamOf(client: SdkClient): Seam {
  const known = seams.get(client.constructor);
  if (known) return known;
  const seam = findSeam(client);
  seams.set(client.constructor, seam);
  return seam;
}

function findSeam(client: SdkClient): Seam {
  // A request whose options never come is never made, but tells the class of the SDK's promise.
  const never = new Promise<never>(() => undefined);
  const sample = client.request(never, 0);
  const Promised = sample.constructor as PromiseClass;
  if (typeof sample.asResponse !== 'function' || !('_thenUnwrap' in sample)) {
    throw new GatewayError(
      `cannot wrap ${client.constructor.name}: its request() does not return the SDK's APIPromise; ` +
        'let it return what super.request() gives',
      { code: 'zerohop_client' },
    );
  }
  const parseDefault = defaultParser(client, Promised);
  const Paged = client.requestAPIList(class {}, never).constructor as PageClass;
  let streams: Promise<StreamKind | undefined> | undefined;
  let jsonRule: JsonRule | undefined;
  void findJsonRule(client, parseDefault).then((rule) => {
    jsonRule = rule;
  });
  return {
    promise(facade, call) {
      let context: CallContext | undefined;
      const props = call.then((sealed) => {
        context = sealed.context;
        return sealed.props;
      });
      return new Promised(facade, props, async (parsedBy, outcome) => {
        if (context === undefined) return parseDefault(parsedBy, outcome);
        if (isPlainStream(outcome)) {
          streams ??= findStreams(client, parseDefault);
          const stream = eventStream(facade, outcome, context, await streams);
          if (stream) return belongsTo(stream, context);
        }
        const parsed =
          jsonRule && isParsed(facade, outcome)
            ? takeParsed(outcome, jsonRule)
            : await parseDefault(parsedBy, outcome);
        return belongsTo(parsed, context);
      });
    },
    page: (facade, page, call) =>
      new Paged(
        facade,
        call.then(({ props }) => props),
        page,
      ),
  };
}

/** The SDK's own parser: taken from its promise, or by letting a promise of its parse. */
function defaultParser(client: SdkClient, Promised: PromiseClass): ParseResponse {
  const probe = new Promised(client, new Promise(() => undefined));
  const parser: unknown = Reflect.get(probe, 'parseResponse');
  // The SDKs' own signature.
  if (typeof parser === 'function') return parser as ParseResponse;
  return (_client, props) => new Promised(client, Promise.resolve(props));
}

interface StreamKind {
  readonly Stream: StreamClass;
  readonly rule: StreamRule;
  readonly consumedError: () => Error;
}

/** Whether a call's stream is one that the SDK would decode in its plain way. */
function isPlainStream({ options, response }: SdkResponseProps): boolean {
  return (
    options.stream === true &&
    !options.__streamClass &&
    (options.__streamMode === undefined || options.__streamMode === 'legacy') &&
    !options.__synthesizeEventData &&
    response instanceof GatewayResponse &&
    response.peekPayload()?.kind === 'events'
  );
}

function eventStream(
  client: SdkClient,
  { response }: SdkResponseProps,
  context: CallContext,
  kind: StreamKind | undefined,
): SdkStream | undefined {
  if (kind === undefined || !(response instanceof GatewayResponse)) return undefined;
  const payload = response.takePayload();
  if (payload.kind !== 'events') return undefined;
  const iterator = iterateEvents(payload.events, context, kind.rule, kind.consumedError);
  return new kind.Stream(iterator, context.controller, client);
}

const PROBE = [
  'data: {"id":1}',
  'event: zerohop_probe\ndata: {"id":2}',
  'event: ping\ndata: {"id":3}',
  'data: [DONE]',
].join('\n\n');

/**
 * Which events the SDK's stream shows, seen on a stream of three: its class and rule, or `undefined`
 * where it does something else than pass parsed events on, and must decode the bytes itself.
 */
async function findStreams(
  client: SdkClient,
  parse: ParseResponse,
): Promise<StreamKind | undefined> {
  try {
    const stream = await probeStream(client, parse);
    const seen: unknown[] = [];
    for await (const item of stream) seen.push(Reflect.get(Object(item), 'id'));
    if (!seen.includes(2)) return undefined;
    // The class that made this one makes the next: same constructor in both SDKs and all their majors.
    const Stream = stream.constructor as unknown as StreamClass;
    return {
      Stream,
      rule: { unnamed: seen.includes(1), ping: seen.includes(3) },
      consumedError: await consumedErrorOf(stream),
    };
  } catch {
    return undefined;
  }
}

async function probeStream(client: SdkClient, parse: ParseResponse): Promise<SdkStream> {
  const props: SdkResponseProps = {
    response: new Response(`${PROBE}\n\n`, { headers: { 'content-type': 'text/event-stream' } }),
    options: { method: 'post', path: '/', stream: true },
    controller: new AbortController(),
    requestLogID: 'log_zerohop',
    retryOfRequestLogID: undefined,
    startTime: Date.now(),
  };
  // `stream: true` makes the SDK's parser return its Stream.
  return (await parse(client, props)) as SdkStream;
}

/** What the SDK throws on reading a stream twice: its own class with its own words. */
async function consumedErrorOf(stream: SdkStream): Promise<() => Error> {
  try {
    await stream[Symbol.asyncIterator]().next();
  } catch (error) {
    if (error instanceof Error) return thrower(error.constructor, error.message);
  }
  return thrower(Error, 'Cannot iterate over a consumed stream, use `.tee()` to split the stream.');
}

/** Apart, so that it does not keep the error it was made from: its stack holds on to the call that met it. */
function thrower(Thrown: unknown, message: string): () => Error {
  // The constructor of an error that was thrown with a message.
  return () => new (Thrown as new (message: string) => Error)(message);
}
