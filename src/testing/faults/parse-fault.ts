import type { Fault, FaultPoint } from './fault.js';

type Parameters = ReadonlyMap<string, string>;

/** Names that start the short form of a fault, each with the parameters it knows. All know `times` and `key` too. */
export const faultNames = {
  reset: 'after=start|headers|<events>, bytes, linger',
  close: 'after=start|headers|<events>, bytes, linger',
  end: 'after=start|headers|<events>, bytes',
  hang: 'after=start|headers|<events>, bytes',
  'short-body': 'bytes',
  'no-terminal': '',
  'no-done': '',
  malformed: 'after=<events>',
  'error-event': 'after=<events>, type, message',
  status: 'code, type, message, error-code; any other parameter is a response header',
  html: 'code',
  gzip: 'mode=ok|lie|truncated',
  redirect: 'code, to',
  pace: 'delay, gap, chunk, bytes, newline=lf|crlf|cr, comment',
} as const;

/**
 * Reads the short form of faults: names with parameters after `;`, several separated by `,`.
 *
 * @example
 * parseFaults('reset;after=2')                        // after two events
 * parseFaults('status;code=429;retry-after=1;times=2') // twice, then healthy
 * parseFaults('gzip,pace;gap=5')
 */
export function parseFaults(text: string): readonly Fault[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .map(parseFault);
}

function parseFault(text: string): Fault {
  const [name = '', ...pairs] = text.split(';').map((part) => part.trim());
  const parameters = new Map(pairs.map(splitPair));
  const times = readNumber(parameters, 'times');
  return { ...readFault(name, parameters), times, key: parameters.get('key') };
}

function splitPair(pair: string): readonly [string, string] {
  const equals = pair.indexOf('=');
  return equals < 0 ? [pair, ''] : [pair.slice(0, equals), pair.slice(equals + 1)];
}

function readFault(name: string, parameters: Parameters): Fault {
  switch (name) {
    case 'reset':
    case 'close':
    case 'end':
    case 'hang':
      return {
        kind: name,
        after: readPoint(parameters),
        lingerMs: readNumber(parameters, 'linger'),
      };
    case 'short-body':
      return { kind: name, bytes: readNumber(parameters, 'bytes') };
    case 'no-terminal':
    case 'no-done':
      return { kind: name };
    case 'malformed':
      return { kind: name, afterEvents: readNumber(parameters, 'after') };
    case 'error-event':
      return {
        kind: name,
        afterEvents: readNumber(parameters, 'after'),
        type: parameters.get('type'),
        message: parameters.get('message'),
      };
    case 'html':
      return { kind: name, status: readNumber(parameters, 'code') };
    case 'redirect':
      return { kind: name, status: readNumber(parameters, 'code'), to: parameters.get('to') };
    case 'gzip':
      return { kind: name, mode: readGzipMode(parameters.get('mode')) };
    case 'status':
      return readStatus(parameters);
    case 'pace':
      return readPace(parameters);
    default:
      throw new TypeError(
        `unknown fault "${name}"; known are ${Object.keys(faultNames).join(', ')}`,
      );
  }
}

function readStatus(parameters: Parameters): Fault {
  const own = new Set(['code', 'type', 'message', 'error-code', 'times', 'key']);
  return {
    kind: 'status',
    status: readNumber(parameters, 'code') ?? 503,
    headers: Object.fromEntries([...parameters].filter(([name]) => !own.has(name))),
    type: parameters.get('type'),
    message: parameters.get('message'),
    code: parameters.get('error-code'),
  };
}

function readPace(parameters: Parameters): Fault {
  const newline = parameters.get('newline');
  return {
    kind: 'pace',
    headersDelayMs: readNumber(parameters, 'delay'),
    gapMs: readNumber(parameters, 'gap'),
    chunkSize: readNumber(parameters, 'chunk'),
    bytesPerWrite: readNumber(parameters, 'bytes'),
    newline:
      newline === 'crlf' ? '\r\n' : newline === 'cr' ? '\r' : newline === 'lf' ? '\n' : undefined,
    comment: parameters.get('comment'),
  };
}

function readPoint(parameters: Parameters): FaultPoint | undefined {
  const bytes = readNumber(parameters, 'bytes');
  if (bytes !== undefined) return { bytes };
  const after = parameters.get('after');
  if (after === undefined || after === 'start' || after === 'headers') return after;
  return { events: readNumber(parameters, 'after') ?? 0 };
}

function readGzipMode(mode: string | undefined): 'ok' | 'lie' | 'truncated' {
  return mode === 'lie' || mode === 'truncated' ? mode : 'ok';
}

function readNumber(parameters: Parameters, name: string): number | undefined {
  const text = parameters.get(name);
  if (text === undefined) return undefined;
  const value = Number(text);
  if (text === '' || !Number.isFinite(value)) {
    throw new TypeError(`fault parameter ${name}="${text}" is not a number`);
  }
  return value;
}
