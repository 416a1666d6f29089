import { pino } from 'pino';

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

/**
 * Makes the logger of a process: one JSON line each, to standard output.
 * Fields that hold credentials are masked, one level deep included.
 */
export function createLogger(options: {
  service: string;
  /** Least severe level that is written. @default 'info' */
  level?: LogLevel;
}): Logger {
  return pino({
    level: options.level ?? 'info',
    base: { service: options.service },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    redact: { paths: secretFields.flatMap((field) => pathsTo(field)), censor: '[hidden]' },
  });
}

export const logLevels = ['debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

function pathsTo(field: string): string[] {
  const key = /^\w+$/.test(field) ? field : `["${field}"]`;
  return [key, key.startsWith('[') ? `*${key}` : `*.${key}`];
}
