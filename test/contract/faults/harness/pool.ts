/** Where every copy of undici, Node's own included, keeps the dispatcher of the process. */
const GLOBAL_DISPATCHER = Symbol.for('undici.globalDispatcher.1');

/** A connection pool of Node's own kind. */
export interface Agent {
  close(): Promise<void>;
  destroy(): Promise<void>;
}

type AgentClass = new (options: object) => Agent;

function current(): object {
  // Node makes its dispatcher when the fetch standard's classes are first touched.
  new Response();
  const found: unknown = Reflect.get(globalThis, GLOBAL_DISPATCHER);
  if (typeof found !== 'object' || found === null) throw new Error('Node has no global dispatcher');
  return found;
}

const original = current();

/** Puts a new pool of Node's own undici in the place of the global one, with options of its `Agent`. */
export function installPool(options: object = {}): Agent {
  // What made the global dispatcher is undici's Agent.
  const NodeAgent = original.constructor as AgentClass;
  const agent = new NodeAgent(options);
  Reflect.set(globalThis, GLOBAL_DISPATCHER, agent);
  return agent;
}

/** Puts the original pool back. */
export function restorePool(): void {
  Reflect.set(globalThis, GLOBAL_DISPATCHER, original);
}
