import type { Logger } from '../telemetry/index.ts';

export type LoggedLine = Readonly<{
  level: 'debug' | 'info' | 'warn' | 'error';
  message: string;
  fields: Readonly<Record<string, unknown>>;
}>;

/**
 * A logger that records its lines and those of its children.
 *
 * @example
 * const log = recordingLogger();
 * log.info({ item: 'pen' }, 'sold');
 * log.lines; // what was logged
 */
export function recordingLogger(
  lines: LoggedLine[] = [],
  bound: Record<string, unknown> = {},
): Logger & { readonly lines: LoggedLine[] } {
  const at =
    (level: LoggedLine['level']) =>
    (fields: Record<string, unknown>, message: string): void => {
      lines.push({ level, message, fields: { ...bound, ...fields } });
    };
  return {
    lines,
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: (fields) => recordingLogger(lines, { ...bound, ...fields }),
  };
}

/**
 * A logger that discards all lines.
 *
 * @example
 * const service = await serve(shopContract, handlers, { version: '1', port: 0, log: silentLogger });
 */
export const silentLogger: Logger = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  child: () => silentLogger,
};
