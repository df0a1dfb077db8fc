import { inspect } from 'node:util';
import { CANARY, OTHER_CANARY } from './sdks.js';

/** Where a key can be seen in an error or a settlement; `undefined` where it cannot. */
export function findCanary(said: unknown): string | undefined {
  const views: Readonly<Record<string, () => string | undefined>> = {
    inspect: () => inspect(said, { depth: 10, showHidden: true, maxStringLength: 2 ** 20 }),
    json: () => JSON.stringify(said),
    stack: () => (said instanceof Error ? said.stack : undefined),
    text: () => String(said),
  };
  return Object.keys(views).find((name) => {
    const view = seen(views[name]);
    return view?.includes(CANARY) || view?.includes(OTHER_CANARY);
  });
}

function seen(view: (() => string | undefined) | undefined): string | undefined {
  try {
    return view?.();
  } catch {
    // A value that cannot be shown this way shows nothing.
    return undefined;
  }
}
