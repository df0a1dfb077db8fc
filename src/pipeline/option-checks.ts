import { GatewayError } from './errors.js';

/** Throws where an option is not what it should be. */
export type Check = (value: unknown, path: string) => void;

/** Throws a {@link GatewayError} `zerohop_config` that names the option's path and never its value, unless that is a number. */
export function refuse(path: string, what: string): never {
  throw new GatewayError(`${path}: ${what}`, { code: 'zerohop_config' });
}

export const isFunction: Check = (value, path) => {
  if (typeof value !== 'function') refuse(path, 'must be a function');
};

export const isBoolean: Check = (value, path) => {
  if (typeof value !== 'boolean') refuse(path, 'must be true or false');
};

export function isNumber(minimum: number, maximum: number, whole: boolean): Check {
  return (value, path) => {
    const fits =
      typeof value === 'number' &&
      value >= minimum &&
      value <= maximum &&
      (!whole || Number.isInteger(value));
    if (fits) return;
    const shown = typeof value === 'number' ? ` (got ${value})` : '';
    refuse(path, `must be a ${whole ? 'whole ' : ''}number from ${minimum} to ${maximum}${shown}`);
  };
}

export function isOneOf(...choices: readonly string[]): Check {
  return (value, path) => {
    if (typeof value !== 'string' || !choices.includes(value)) {
      refuse(path, `must be one of ${choices.map((choice) => `'${choice}'`).join(', ')}`);
    }
  };
}

export function isListOf(check: Check): Check {
  return (value, path) => {
    if (!Array.isArray(value)) refuse(path, 'must be an array');
    for (const [index, item] of value.entries()) check(item, `${path}[${index}]`);
  };
}

export function isPlainObject(
  value: unknown,
  path: string,
): asserts value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    refuse(path, 'must be an object');
}

export function hasShape(checks: Readonly<Record<string, Check>>): Check {
  return (value, path) => {
    isPlainObject(value, path);
    for (const [name, member] of Object.entries(value)) {
      const check = Object.hasOwn(checks, name) ? checks[name] : undefined;
      if (check === undefined) {
        refuse(`${path}.${name}`, `unknown option; known are ${Object.keys(checks).join(', ')}`);
      }
      if (member !== undefined) check(member, `${path}.${name}`);
    }
  };
}

export const isText: Check = (value, path) => {
  if (typeof value !== 'string' || value === '') refuse(path, 'must be a text that is not empty');
};

/** Headers by name: texts that can go over the wire. */
export const isHeaders: Check = (value, path) => {
  isPlainObject(value, path);
  for (const [name, text] of Object.entries(value)) {
    if (typeof text !== 'string') refuse(`${path}.${name}`, 'must be a text');
    try {
      new Headers({ [name]: text });
    } catch {
      // What `Headers` throws shows the value.
      refuse(`${path}.${name}`, 'is no header that can be sent');
    }
  }
};
