import { expect } from 'vitest';
import { partialOf } from 'zerohop';
import { wire } from 'zerohop/testing';
import type { FaultCase } from '../harness/fault-case.js';
import { openStream, stream, streamHead } from '../harness/script.js';
import { anthropicOnly, at, openaiOnly } from '../harness/sdks.js';
import { done, type Shape } from '../harness/shapes.js';

const words = ({ opening, hello, world }: Shape) => [...opening, hello, world];
const whole = (shape: Shape) => [...words(shape), ...shape.finish, ...shape.closing];
const answered = { outcome: 'success', text: 'hello world' } as const;

/** Ends that come too soon, late or not at all. */
const cuts: readonly FaultCase[] = [
  {
    id: 'S09',
    priority: 'P0',
    title: 'finish reason, but no terminal marker, clean end',
    stream: true,
    attempts: (shape) => [stream([...words(shape), ...shape.finish])],
    expect: answered,
  },
  {
    id: 'S10',
    priority: 'P0',
    title: 'silent truncation',
    stream: true,
    attempts: (shape) => [stream(words(shape))],
    expect: {
      outcome: 'error',
      text: 'hello world',
      kinds: ['truncated'],
      error: { is: 'APIConnectionError' },
      check: ({ error }, { settled }) => {
        expect(error).toMatchObject({ name: 'StreamTruncatedError' });
        expect(partialOf(error)).toMatchObject({ text: 'hello world', complete: false });
        expect(settled[0]?.text).toBe('hello world');
      },
    },
  },
  {
    id: 'S10',
    variant: 'half an event',
    priority: 'P0',
    title: 'silent truncation',
    stream: true,
    attempts: (shape) => [
      [...openStream(words(shape)), wire.chunk(shape.hello.slice(0, -9)), wire.write('0\r\n\r\n')],
    ],
    expect: {
      outcome: 'error',
      text: 'hello world',
      kinds: ['truncated'],
      error: { is: 'APIConnectionError' },
    },
  },
  {
    id: 'S10',
    variant: 'before content',
    priority: 'P0',
    title: 'silent truncation',
    stream: true,
    attempts: (shape) => [stream(shape.opening), stream(whole(shape))],
    expect: { ...answered, hits: 2, kinds: ['truncated', undefined], usage: 'reported' },
  },
  {
    id: 'S11',
    priority: 'P0',
    title: 'reset in the middle',
    stream: true,
    attempts: (shape) => [[...openStream(words(shape)), wire.sleep(30), wire.reset()]],
    expect: {
      outcome: 'error',
      text: 'hello world',
      isPrefix: true,
      kinds: ['connection'],
      error: { is: 'APIConnectionError' },
      check: ({ error, text }, { settled }) => {
        expect(settled[0]?.failure?.code).toMatch(/^(ECONNRESET|UND_ERR_SOCKET)$/);
        expect(at(error, 'cause')).toBeInstanceOf(Error);
        expect(partialOf(error)?.text).toBe(text);
      },
    },
  },
  {
    id: 'S13',
    priority: 'P0',
    title: 'reset after the headers, before the first event',
    stream: true,
    attempts: (shape) => [[streamHead(), wire.sleep(20), wire.reset()], stream(whole(shape))],
    expect: { ...answered, hits: 2, kinds: ['connection', undefined], usage: 'reported' },
  },
  {
    id: 'S29',
    priority: 'P1',
    title: 'a late error after the terminal marker, and a socket left open',
    stream: true,
    attempts: (shape) => [
      [...openStream([...whole(shape), shape.errorEvent('server_error', 'late')]), wire.hang()],
    ],
    expect: {
      ...answered,
      usage: 'reported',
      check: async ({ events }, { origin, sdk }) => {
        expect(events).toHaveLength(sdk.shape.chunks);
        await origin.lastClosed();
      },
    },
  },
];

/** Errors that come as events. */
const errors: readonly FaultCase[] = [
  {
    id: 'S14',
    priority: 'P0',
    title: 'the first event is an error',
    stream: true,
    attempts: ({ errorEvent }) => [stream([errorEvent('overloaded_error', 'overloaded', 529)])],
    expect: {
      outcome: 'error',
      hits: 3,
      text: '',
      kinds: ['upstream_error', 'upstream_error', 'upstream_error'],
      error: { is: 'InternalServerError', status: 529, message: /overloaded/ },
      usage: 'none',
    },
  },
  {
    id: 'S14',
    variant: 'then an answer',
    priority: 'P0',
    title: 'the first event is an error',
    stream: true,
    attempts: (shape) => [
      stream([shape.errorEvent('overloaded_error', 'overloaded', 529)]),
      stream(whole(shape)),
    ],
    expect: { ...answered, hits: 2, kinds: ['upstream_error', undefined], usage: 'reported' },
  },
  {
    id: 'S15',
    priority: 'P0',
    title: 'an error after content',
    stream: true,
    attempts: ({ opening, hello, errorEvent }) => [
      stream([...opening, hello, errorEvent('server_error', 'boom', 'internal')]),
    ],
    expect: {
      outcome: 'error',
      text: 'hello',
      kinds: ['upstream_error'],
      error: { is: 'APIError', message: /boom/ },
      check: ({ error }) => expect(partialOf(error)?.text).toBe('hello'),
    },
  },
  {
    id: 'S17',
    priority: 'P1',
    title: 'an event that is not JSON',
    sdks: openaiOnly,
    stream: true,
    attempts: ({ opening, hello, world, finish }) => [
      stream([
        ...opening,
        hello,
        'data: {"id":"c1","choices":[{"index":0,"delta":{"conte',
        world,
        ...finish,
        done,
      ]),
    ],
    expect: {
      outcome: 'error',
      text: 'hello',
      kinds: ['malformed'],
      error: { is: 'APIConnectionError' },
      check: ({ error }, { settled }) => {
        expect(String(error)).not.toMatch(/conte\b|choices/);
        expect(JSON.stringify(settled[0]?.failure)).not.toMatch(/conte\b|choices/);
      },
    },
  },
  {
    id: 'S17',
    variant: 'named events',
    priority: 'P1',
    title: 'an event that is not JSON',
    sdks: anthropicOnly,
    stream: true,
    attempts: ({ opening, hello, finish }) => [
      stream([
        ...opening,
        hello,
        'event: content_block_delta\ndata: {"type":"content_block_delta","conte',
        ...finish,
      ]),
    ],
    expect: {
      outcome: 'error',
      text: 'hello',
      kinds: ['malformed'],
      error: { is: 'APIConnectionError' },
      check: ({ error }) => expect(String(error)).not.toMatch(/conte/),
    },
  },
  {
    id: 'S34',
    priority: 'P0',
    title: 'overloaded in the middle',
    sdks: anthropicOnly,
    stream: true,
    attempts: ({ opening, hello, errorEvent }) => [
      stream([...opening, hello, errorEvent('overloaded_error', 'Overloaded')]),
    ],
    expect: {
      outcome: 'error',
      text: 'hello',
      kinds: ['upstream_error'],
      error: { is: 'APIError', status: 529, message: /Overloaded/ },
      check: ({ error }, { settled }) => {
        expect(at(error, 'error', 'error', 'type')).toBe('overloaded_error');
        expect(settled[0]?.failure).toMatchObject({ type: 'overloaded_error', status: 529 });
        expect(settled[0]?.choices[0]?.finishReason).toBeUndefined();
      },
    },
  },
];

/** Silence. */
const stalls: readonly FaultCase[] = [
  {
    id: 'S26',
    priority: 'P0',
    title: 'silence in the middle',
    stream: true,
    gateway: { timeouts: { idle: 100 } },
    attempts: (shape) => [[...openStream(words(shape)), wire.hang()]],
    expect: {
      outcome: 'error',
      text: 'hello world',
      kinds: ['idle_timeout'],
      error: { is: 'APIConnectionTimeoutError', message: /timeouts\.idle/ },
      check: ({ error }, { origin }) => {
        expect(partialOf(error)?.text).toBe('hello world');
        return origin.lastClosed();
      },
    },
  },
  {
    id: 'S27',
    priority: 'P0',
    title: 'silence before the first event',
    stream: true,
    gateway: { timeouts: { firstByte: 100 } },
    attempts: () => [[streamHead(), wire.hang()]],
    expect: {
      outcome: 'error',
      hits: 3,
      kinds: ['first_byte_timeout', 'first_byte_timeout', 'first_byte_timeout'],
      error: { is: 'APIConnectionTimeoutError', message: /timeouts\.firstByte/ },
      usage: 'none',
      check: (_, { origin }) => origin.lastClosed(),
    },
  },
  {
    id: 'S27',
    variant: 'then an answer',
    priority: 'P0',
    title: 'silence before the first event',
    stream: true,
    gateway: { timeouts: { firstByte: 100 } },
    attempts: (shape) => [[streamHead(), wire.hang()], stream(whole(shape))],
    expect: { ...answered, hits: 2, kinds: ['first_byte_timeout', undefined], usage: 'reported' },
  },
];

/** How streams end. */
export const streamEndingCases: readonly FaultCase[] = [...cuts, ...errors, ...stalls];
