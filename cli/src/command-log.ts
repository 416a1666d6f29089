import { serverFields } from '@arcadium/mesh/config';
import { createLogger, type Logger } from '@arcadium/mesh/telemetry';
import { settingsOf } from './workspace.ts';

/** The log of a command: warnings only, since it says by itself what it does; as LOG_FORMAT has it. */
export function commandLog(service: string): Logger {
  const format = serverFields.LOG_FORMAT.safeParse(settingsOf()['LOG_FORMAT']).data;
  return createLogger({ service, level: 'warn', format });
}
