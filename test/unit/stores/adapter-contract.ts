import { describe, expect, it, onTestFinished } from 'vitest';
import { MAJORS } from './majors.js';

/** Makes an adapter over the same stored things each time it is called within a test. */
type AdapterFactory = () => object;

/** What a storage adapter owes either major of Keyv. `open` is called once a test. */
export function describeAdapterContract(name: string, open: () => AdapterFactory): void {
  describe.each(MAJORS)(`${name}, in Keyv $major`, ({ create }) => {
    /** Makes instances of Keyv, each with an adapter of its own, over the same stored things. */
    function opened() {
      const adapter = open();
      return (namespace?: string) => {
        const keyv = create({ store: adapter(), ...(namespace && { namespace }) });
        onTestFinished(() => keyv.disconnect());
        return keyv;
      };
    }

    it('gives back what was set, as often as it is set', async () => {
      const keyv = opened()();

      expect(await keyv.set('k', 'first')).toBe(true);
      await keyv.set('k', 'second');

      expect(await keyv.get('k')).toBe('second');
      expect(await keyv.has('k')).toBe(true);
      expect(await keyv.get('other')).toBeUndefined();
      expect(await keyv.has('other')).toBe(false);
    });

    it.each([
      ['null', null],
      ['false', false],
      ['zero', 0],
      ['an empty text', ''],
      ['a text of JSON', '{"a":["b"]}'],
      ['an object', { nested: { list: [1, 'two', null] } }],
      ['a megabyte', 'x'.repeat(1024 * 1024)],
      ['characters of every plane, and NUL', 'ß漢😀\u0000\u2028 \ufeff'],
      ["SQL's own", `'; DROP TABLE zerohop_cache; --"%_`],
    ])('keeps %s', async (_, value) => {
      const keyv = opened()();

      await keyv.set('k', value);

      expect(await keyv.get('k')).toEqual(value);
    });

    it('gives back undefined for undefined', async () => {
      const keyv = opened()();

      await keyv.set('k', undefined);

      expect(await keyv.get('k')).toBeUndefined();
    });

    it.each([
      ['a digest', 'f'.repeat(64)],
      ['a colon', 'tag:tenant:42'],
      ['characters of every plane', 'ß漢😀'],
      ["SQL's own", `' OR 1=1 --"%_`],
      ['512 characters', 'k'.repeat(512)],
    ])('finds a key of %s, and no other', async (_, key) => {
      const keyv = opened()();

      await keyv.set(key, 'value');

      expect(await keyv.get(key)).toBe('value');
      expect(await keyv.get(`${key}x`)).toBeUndefined();
      expect(await keyv.delete(key)).toBe(true);
      expect(await keyv.get(key)).toBeUndefined();
    });

    it('deletes what is there, and says when nothing is', async () => {
      const keyv = opened()();
      await keyv.set('k', 'value');

      expect(await keyv.delete('k')).toBe(true);
      expect(await keyv.delete('k')).toBe(false);
    });

    it('sets, gets and deletes many', async () => {
      const keyv = opened()();

      const set = await keyv.setMany([
        { key: 'a', value: 1 },
        { key: 'b', value: 2, ttl: 60_000 },
        { key: 'c', value: 3 },
      ]);
      const got = await keyv.getMany(['c', 'x', 'a', 'b']);
      await keyv.deleteMany(['a', 'b', 'x']);

      expect(set).toEqual([true, true, true]);
      expect(got).toEqual([3, undefined, 1, 2]);
      expect(await keyv.getMany(['a', 'b', 'c'])).toEqual([undefined, undefined, 3]);
    });

    it('keeps namespaces apart', async () => {
      const open = opened();
      const [one, other] = [open('one'), open('other')];
      await one.set('k', 1);
      await other.set('k', 2);
      await one.set('l', 3);

      const deleted = await one.delete('k');
      await one.clear();

      expect(deleted).toBe(true);
      expect(await one.getMany(['k', 'l'])).toEqual([undefined, undefined]);
      expect(await other.get('k')).toBe(2);
    });

    it('shows everything of one namespace to an iterator', async () => {
      const open = opened();
      const [one, other] = [open('one'), open('other')];
      const expected = Array.from({ length: 250 }, (_, index) => [`k${index}`, index] as const);
      await one.setMany(expected.map(([key, value]) => ({ key, value })));
      await other.set('k', 'foreign');

      const seen = new Map<string, unknown>();
      for await (const [key, value] of one.iterator()) seen.set(key, value);

      expect(seen).toEqual(new Map(expected));
    });
  });
}
