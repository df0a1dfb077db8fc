import { type Context, context } from '@opentelemetry/api';

/** Runs `work` in a context; a context manager that fails is no reason not to run it. */
export function runIn<T>(active: Context, work: () => T): T {
  let started = false;
  try {
    return context.with(active, () => {
      started = true;
      return work();
    });
  } catch (error) {
    if (started) throw error;
    return work();
  }
}
