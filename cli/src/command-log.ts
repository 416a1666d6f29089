import { serverFields } from '@arcadium/mesh/config';
import { createLogger, type Logger } from '@arcadium/mesh/telemetry';
import { settingsOf } from './workspace.ts';

/**
 * The log of a command, in the format of LOG_FORMAT. It has warnings only, because the command itself prints
 * what it does.
 */
export function commandLog(service: string): Logger {
  const format = serverFields.LOG_FORMAT.safeParse(settingsOf()['LOG_FORMAT']).data;
  return createLogger({ service, level: 'warn', format });
}
