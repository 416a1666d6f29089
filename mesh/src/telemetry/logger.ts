import { pino, type Logger as Pino, type LogFn } from 'pino';
import { summariseError } from './describe-error.ts';
import { logExport } from './log-export.ts';
import { prettyDestination } from './pretty.ts';
import { currentScope } from './scope.ts';

/** The logger of the mesh and its services; a pino logger fits. */
export interface Logger {
  debug: LogLine;
  info: LogLine;
  warn: LogLine;
  error: LogLine;
  /** Makes a logger that adds these fields to each line. */
  child(fields: Record<string, unknown>): Logger;
}

/** Writes one line. */
export type LogLine = (fields: Record<string, unknown>, message: string) => void;

/** Fields masked in case a request or a configuration is logged by mistake. */
const secretFields = [
  'authorization',
  'password',
  'currentPassword',
  'newPassword',
  'passwordHash',
  'accessToken',
  'refreshToken',
  'token',
  'userToken',
  'x-user-token',
  'secret',
  'recoveryCodes',
];

export interface LoggerOptions {
  service: string;
  /** Lowest level written. @default 'info' */
  level?: LogLevel | undefined;
  /** `json`: one object per line; `pretty`: for people. @default 'pretty' if standard output is a terminal, else 'json' */
  format?: LogFormat | undefined;
}

/**
 * Makes the logger of a process, which writes to standard output. Each line has
 * a `timestamp`, in ISO 8601. Fields that hold credentials are masked, at the top
 * level and one level deeper. While a call is traced, lines have its `trace_id` and
 * `span_id`. An error in `err` is logged with its stack at level
 * `error`, and with its type, code and message at other levels.
 *
 * @example
 * const log = createLogger({ service: 'shop', level: 'info' });
 * log.warn({ item: 'pen' }, 'an item is sold out');
 */
export function createLogger(options: LoggerOptions): Logger {
  const { service, level = 'info', format = process.stdout.isTTY ? 'pretty' : 'json' } = options;
  return pino(
    {
      level,
      base: { service },
      timestamp: false,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: serialiseError },
      hooks: { logMethod: complete, streamWrite: exportLine },
      redact: { paths: secretFields.flatMap((field) => pathsTo(field)), censor: '[hidden]' },
    },
    format === 'pretty' ? prettyDestination() : pino.destination({ fd: 1, sync: true }),
  );
}

const { error: errorLevel = Infinity } = pino.levels.values;

/** Adds the timestamp, if missing, and summarises expected errors here, because a serialiser does not know the level. */
function complete(this: Pino, line: Parameters<LogFn>, write: LogFn, level: number): void {
  const [given] = line as unknown[] as [Record<string, unknown>];
  const fields: Record<string, unknown> = { timestamp: new Date().toISOString(), ...traceFields(), ...given };
  if (level < errorLevel && fields['err'] instanceof Error) fields['err'] = summariseError(fields['err']);
  line[0] = fields;
  write.apply(this, line);
}

/** Names the span of the call that logs. */
function traceFields(): { trace_id: string; span_id: string } | undefined {
  const context = currentScope()?.span?.context;
  return context && { trace_id: context.traceId, span_id: context.spanId };
}

/** Hands a written line on: filtered by level, and without secrets. */
function exportLine(line: string): string {
  logExport.emit?.(line);
  return line;
}

function serialiseError(error: unknown): unknown {
  return error instanceof Error ? pino.stdSerializers.err(error) : error;
}

export const logLevels = ['debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

export const logFormats = ['pretty', 'json'] as const;
export type LogFormat = (typeof logFormats)[number];

function pathsTo(field: string): string[] {
  const key = /^\w+$/.test(field) ? field : `["${field}"]`;
  return [key, key.startsWith('[') ? `*${key}` : `*.${key}`];
}
