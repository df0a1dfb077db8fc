import {
  type Check,
  hasShape,
  isNumber,
  isOneOf,
  isPlainObject,
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
