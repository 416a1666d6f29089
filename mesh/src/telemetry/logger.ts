import { pino, type Logger as Pino, type LogFn } from 'pino';
import { summariseError } from './describe-error.ts';
import { prettyDestination } from './pretty.ts';

/** What the mesh and its services log with; a pino logger is one. */
export interface Logger {
  debug: LogLine;
  info: LogLine;
  warn: LogLine;
  error: LogLine;
  /** A logger that adds these fields to each line. */
  child(fields: Record<string, unknown>): Logger;
}

/** Writes one line: fields first, then a sentence that a stranger understands. */
export type LogLine = (fields: Record<string, unknown>, message: string) => void;

/** What to hide wherever a caller's request or a configuration is logged by mistake. */
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

/** How a logger is made. */
export interface LoggerOptions {
  service: string;
  /** Least severe level that is written. @default 'info' */
  level?: LogLevel | undefined;
  /** One JSON object a line, or lines for people. @default 'pretty' where standard output is a terminal, else 'json' */
  format?: LogFormat | undefined;
}

/**
 * Makes the logger of a process, which writes to standard output, each line
 * with its `timestamp`, in ISO 8601. Fields that hold credentials are masked, one level deep included. An error in `err` has
 * its stack in lines of level `error`; in others, which are about failures
 * that were expected, its type, code and message.
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
      hooks: { logMethod: complete },
      redact: { paths: secretFields.flatMap((field) => pathsTo(field)), censor: '[hidden]' },
    },
    format === 'pretty' ? prettyDestination() : pino.destination({ fd: 1, sync: true }),
  );
}

const errorLevel = pino.levels.values['error'] ?? 50;

/** Gives a line its time, where it has none, and sums an expected error up: a serialiser is not told the level. */
function complete(this: Pino, line: Parameters<LogFn>, write: LogFn, level: number): void {
  const [given] = line as unknown[] as [Record<string, unknown>];
  const fields: Record<string, unknown> = { timestamp: new Date().toISOString(), ...given };
  if (level < errorLevel && fields['err'] instanceof Error) fields['err'] = summariseError(fields['err']);
  line[0] = fields;
  write.apply(this, line);
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
