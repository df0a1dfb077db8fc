import type { RouteCall } from './route-types.js';

/** What a function of the user's answers; nothing where it throws. */
export function askUser<Answer>(
  question: (call: RouteCall) => Answer,
  call: RouteCall,
): Answer | undefined {
  try {
    return question(call);
  } catch (error) {
    call.context.logger.warn?.('a function of the route threw', { error: String(error) });
    return undefined;
  }
}
