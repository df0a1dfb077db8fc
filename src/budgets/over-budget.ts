import type { GatewayContext } from '../pipeline/contract.js';

/**
 * Whether a call goes over a budget that lets it go on (`onExceeded: 'allow'`), for a route:
 * `when(overBudget('monthly'), 'groq/llama-3.1-8b-instant', primary)`.
 */
export function overBudget(name: string): (call: { readonly context: GatewayContext }) => boolean {
  return ({ context }) =>
    context.decisions.some(
      ({ kind, detail }) =>
        kind === 'budget-exceeded' && detail?.budget === name && detail.mode !== 'report',
    );
}
