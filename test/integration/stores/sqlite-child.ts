/**
 * A process of its own over a SqliteStore: `fork(…, [file, major])`. Takes one order at a time by message, and
 * answers it by message.
 */
import { SqliteStore } from '../../../src/stores/sqlite-adapter.js';
import { MAJORS } from '../../unit/stores/majors.js';

/** What a child can be asked. */
export type Order =
  | { readonly do: 'get'; readonly key: string }
  | { readonly do: 'set'; readonly key: string; readonly value: string }
  | { readonly do: 'setMany'; readonly prefix: string; readonly count: number };

const [file = '', major] = process.argv.slice(2);
const keyv = MAJORS.find((one) => String(one.major) === major)?.create({
  store: new SqliteStore({ file }),
  namespace: 'shared',
});

process.on('message', (order: Order) => {
  void obey(order).then(
    (answer) => process.send?.({ answer }),
    (error: unknown) => process.send?.({ error: String(error) }),
  );
});
process.send?.({ answer: 'ready' });

async function obey(order: Order): Promise<unknown> {
  if (order.do === 'get') return keyv?.get(order.key);
  if (order.do === 'set') return keyv?.set(order.key, order.value);
  let stored = 0;
  for (let index = 0; index < order.count; index += 1) {
    if (await keyv?.set(`${order.prefix}${index}`, index)) stored += 1;
  }
  return stored;
}
