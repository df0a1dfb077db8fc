import type { BudgetOptions } from '../pipeline/budget-types.js';
import { readDuration } from '../pipeline/duration.js';
import {
  type Check,
  hasShape,
  isBoolean,
  isFunction,
  isListOf,
  isNumber,
  isOneOf,
  isPlainObject,
  isText,
  refuse,
} from '../pipeline/option-checks.js';
import { WEEKDAYS } from './calendar.js';

const SECOND_MS = 1_000;
/** Above this a sum in a store is not exact any more. */
const MAX_LIMIT = 1e15;

const isLimit: Check = (value, path) => {
  if (!(typeof value === 'number' && value > 0 && value <= MAX_LIMIT)) {
    const shown = typeof value === 'number' ? ` (got ${value})` : '';
    refuse(path, `must be a number greater than 0${shown}`);
  }
};

const isShare: Check = (value, path) => {
  if (!(typeof value === 'number' && value > 0 && value <= 100)) {
    const shown = typeof value === 'number' ? ` (got ${value})` : '';
    refuse(path, `must be a share of the limit, such as 0.8${shown}`);
  }
};

function isLength(minimumMs: number): Check {
  return (value, path) => {
    const ms = readDuration(value);
    if (ms !== undefined && ms >= minimumMs) return;
    refuse(
      path,
      `must be milliseconds, or a number with a unit such as '30s', '5m', '1h', '7d', from ${minimumMs} ms`,
    );
  };
}

const isTimeZone: Check = (value, path) => {
  isText(value, path);
  try {
    // It is a text: checked just above.
    new Intl.DateTimeFormat('en-US', { timeZone: value as string });
  } catch {
    refuse(path, "must be the IANA name of a time zone, such as 'Europe/Berlin'");
  }
};

const isCalendar = hasShape({
  every: isOneOf('day', 'week', 'month'),
  timeZone: isTimeZone,
  startsOn: () => undefined,
});
const isWeekday = isOneOf(...WEEKDAYS);
const isDayOfMonth = isNumber(1, 31, true);
const isRolling = hasShape({ rolling: isLength(SECOND_MS) });

const isPeriod: Check = (value, path) => {
  if (value === 'total') return;
  if (typeof value === 'string' || typeof value === 'number') {
    isLength(SECOND_MS)(value, path);
    return;
  }
  if (typeof value !== 'object' || value === null || !('rolling' in value || 'every' in value)) {
    refuse(path, "must be a length such as '1h', { rolling: … }, { every: … } or 'total'");
  }
  if ('rolling' in value) {
    isRolling(value, path);
    if (value.rolling === undefined) refuse(`${path}.rolling`, 'is missing');
    return;
  }
  isCalendar(value, path);
  const { every, startsOn } = value as { every?: unknown; startsOn?: unknown }; // any object may be asked
  if (every === undefined) refuse(`${path}.every`, 'is missing');
  if (startsOn === undefined) return;
  if (every === 'day') refuse(`${path}.startsOn`, 'not for days: they begin at midnight');
  if (every === 'week') isWeekday(startsOn, `${path}.startsOn`);
  else isDayOfMonth(startsOn, `${path}.startsOn`);
};

const isOtherModel = hasShape({ useModel: isText });
const isOnExceeded: Check = (value, path) => {
  if (typeof value === 'function') return;
  if (value === 'reject' || value === 'report' || value === 'allow') return;
  if (typeof value !== 'object' || value === null || !('useModel' in value)) {
    refuse(path, "must be 'reject', 'report', 'allow', { useModel: … } or a function");
  }
  isOtherModel(value, path);
  if (value.useModel === undefined) refuse(`${path}.useModel`, 'is missing');
};

const isStore: Check = (value, path) => {
  isPlainObject(value, path);
  for (const name of ['add', 'get', 'reset']) {
    if (typeof value[name] !== 'function') refuse(path, 'must have add, get and reset');
  }
};

const isName: Check = (value, path) => {
  if (typeof value !== 'string' || !/^[\w.-]{1,64}$/.test(value)) {
    refuse(path, "must be letters, digits, '_', '.' and '-', at most 64");
  }
};

const isBudget = hasShape({
  name: isName,
  by: isFunction,
  model: isText,
  perModel: isBoolean,
  cost: isLimit,
  tokens: isLimit,
  period: isPeriod,
  soft: isListOf(isShare),
  onExceeded: isOnExceeded,
  store: isStore,
  storeTimeout: isLength(1),
  onStoreDown: isOneOf('open', 'closed'),
  maxKeys: isNumber(1, 10_000_000, true),
});

/** Checks one budget's options. */
const checkBudget: Check = (value, path) => {
  isBudget(value, path);
  const { name, period, cost, tokens, model, perModel } = value as Partial<BudgetOptions>; // checked just above
  if (name === undefined) refuse(`${path}.name`, 'is missing');
  if (period === undefined) refuse(`${path}.period`, 'is missing');
  if (cost === undefined && tokens === undefined) refuse(path, 'has no limit: `cost` or `tokens`');
  if (perModel && model !== undefined) refuse(`${path}.perModel`, 'not beside `model`');
};

/** Checks the budgets of a gateway. */
export const checkBudgets: Check = (value, path) => {
  isListOf(checkBudget)(value, path);
  const names = new Set<string>();
  // Checked just above.
  for (const [index, { name }] of (value as readonly BudgetOptions[]).entries()) {
    if (names.has(name)) refuse(`${path}[${index}].name`, 'is taken by another budget');
    names.add(name);
  }
};
