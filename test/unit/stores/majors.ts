import { Keyv as Keyv5 } from 'keyv';
import { Keyv as Keyv6 } from 'keyv-6';
import type { KeyvModule } from '../../../src/stores/keyv-store.js';

/** Both majors of Keyv, by what the source knows of them. */
export const MAJORS: readonly {
  readonly major: 5 | 6;
  readonly module: KeyvModule;
  /** Makes an instance as a user would. */
  readonly create: (options: Readonly<Record<string, unknown>>) => UserKeyv;
}[] = [
  // What the classes have in common is said by the interfaces, and is what these tests are about.
  {
    major: 5,
    module: { Keyv: Keyv5 } as unknown as KeyvModule,
    create: (options) => new Keyv5(options) as unknown as UserKeyv,
  },
  {
    major: 6,
    module: { Keyv: Keyv6 } as unknown as KeyvModule,
    create: (options) => new Keyv6(options) as unknown as UserKeyv,
  },
];

/** What both majors' instances can do. */
export interface UserKeyv {
  get(key: string): Promise<unknown>;
  getMany(keys: readonly string[]): Promise<unknown[]>;
  set(key: string, value: unknown, ttl?: number): Promise<boolean>;
  setMany(
    entries: readonly { key: string; value: unknown; ttl?: number }[],
  ): Promise<readonly boolean[]>;
  has(key: string): Promise<boolean>;
  delete(key: string): Promise<boolean>;
  deleteMany(keys: readonly string[]): Promise<unknown>;
  clear(): Promise<void>;
  disconnect(): Promise<void>;
  iterator(): AsyncGenerator<[key: string, value: unknown]>;
  on(event: 'error', listener: (error: unknown) => void): unknown;
  listeners(event: 'error'): readonly unknown[];
}
