import type { Logger } from 'zerohop';

/** One thing a gateway told its logger. */
export interface Told {
  readonly level: 'debug' | 'warn' | 'error';
  readonly message: string;
  readonly reason: unknown;
}

/** A logger that keeps what it is told. */
export function keepLogs(): Logger & { readonly told: readonly Told[] } {
  const told: Told[] = [];
  const at =
    (level: Told['level']) =>
    (message: string, detail?: Readonly<Record<string, unknown>>): void =>
      void told.push({ level, message, reason: detail?.reason });
  return { told, debug: at('debug'), warn: at('warn'), error: at('error') };
}
