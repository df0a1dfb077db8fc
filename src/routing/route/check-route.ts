import { CAPABILITIES } from '../../dialects/request-needs.js';
import {
  type Check,
  hasShape,
  isBoolean,
  isHeaders,
  isListOf,
  isNumber,
  isOneOf,
  isPlainObject,
  isText,
  refuse,
} from '../../pipeline/option-checks.js';

const ms = isNumber(1, 2 ** 31 - 1, false);

/** Checks the options of breakers. */
export const checkBreaker: Check = hasShape({
  consecutive: isNumber(1, 1_000, true),
  ratio: isNumber(0, 1, false),
  minResults: isNumber(1, 100_000, true),
  windowMs: ms,
  openMs: ms,
  maxOpenMs: ms,
  deadMs: ms,
  jitter: isNumber(0, 1, false),
  allOpen: isOneOf('refuse', 'least-bad'),
});

/** A route is checked part by part when it is compiled. */
export const checkRoute: Check = (value, path) => {
  if (typeof value !== 'string') isPlainObject(value, path);
};

const isStrategyName = isOneOf('weighted', 'latency', 'cost');

/** How a balanced group chooses: by name, or a function. */
export const checkStrategy: Check = (value, path) => {
  if (typeof value !== 'function') isStrategyName(value, path);
};

const NEEDED: ReadonlySet<unknown> = new Set(['model', 'messages', 'input', 'prompt', 'stream']);

const isParameter: Check = (value, path) => {
  isText(value, path);
  if (NEEDED.has(value)) refuse(path, 'is no parameter that can be left out');
};

const isFunctionOrObject: Check = (value, path) => {
  if (typeof value !== 'function') isPlainObject(value, path);
};

const isOnUnsupported: Check = (value, path) => {
  if (typeof value !== 'function') isOneOf('drop', 'error')(value, path);
};

/** Checks the options of a target, and its price and limits as those who know them do. */
export function targetCheck({
  checkPrice,
  checkLimit,
}: {
  readonly checkPrice: Check;
  readonly checkLimit: Check;
}): Check {
  return hasShape({
    name: isText,
    provider: isText,
    client: isFunctionOrObject,
    model: isText,
    request: isFunctionOrObject,
    headers: isHeaders,
    timeouts: hasShape({ connect: ms, firstByte: ms, idle: ms }),
    maxRetries: isNumber(0, 1_000, true),
    weight: isNumber(0, Number.MAX_SAFE_INTEGER, false),
    price: checkPrice,
    rateLimit: checkLimit,
    capabilities: hasShape(Object.fromEntries(CAPABILITIES.map((name) => [name, isBoolean]))),
    unsupported: isListOf(isParameter),
    onUnsupported: isOnUnsupported,
    dialect: isOneOf('openai-chat', 'openai-responses', 'anthropic-messages'),
    maxTokens: isNumber(1, 10_000_000, true),
    region: isText,
    keyLabel: isText,
  });
}
