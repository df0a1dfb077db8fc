import { OTHER, type Scene } from './scene.js';

/** Makes calls one after the other. Gives who answered each; `undefined` where nobody did. */
export async function ask(scene: Scene, count: number): Promise<readonly (string | undefined)[]> {
  const from = scene.settled.length;
  for (let call = 0; call < count; call += 1) await scene.call();
  return scene.settled.slice(from).map(({ outcome, attempts }) => {
    if (outcome !== 'success') return undefined;
    return attempts.at(-1)?.target === OTHER ? OTHER : 'own';
  });
}

/** What the gateway told its logger of the breakers, in turn. */
export function changes({ ledger }: Scene): readonly unknown[] {
  return ledger.notes.flatMap(({ detail }) => ('kind' in detail ? [detail.kind] : []));
}

/** The state of the breaker of a target. */
export const state = ({ gateway }: Scene, index = 0) => gateway.targets.list()[index]?.state;
