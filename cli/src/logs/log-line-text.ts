import { styleText } from 'node:util';
import type { LogLine } from '@arcadium/contracts/dashboard';

/** Fields of the process that wrote a line, which are the same in each of its lines. */
const ofProcess = /^(service|host|process|telemetry)\./;

const colours = {
  trace: 'gray',
  debug: 'gray',
  info: 'reset',
  warn: 'yellow',
  error: 'red',
  fatal: 'red',
} as const;

/** A log line for the terminal: time, level, service, message, and its own fields. */
export function logLineText(line: LogLine): string {
  const fields = line.fields.flatMap(({ name, value }) =>
    ofProcess.test(name) ? [] : [`${name}=${/^[\w.:/@-]+$/.test(value) ? value : JSON.stringify(value)}`],
  );
  const ids = [
    line.requestId !== null && `request=${line.requestId}`,
    line.traceId !== null && `trace=${line.traceId}`,
  ];
  const text = [
    line.at.slice(11, 23),
    line.level.padEnd(5),
    line.service.padEnd(12),
    line.message,
    ...fields,
    ...ids.filter((one) => one !== false),
  ].join(' ');
  const colour = colours[line.level];
  return colour === 'reset' ? text : styleText(colour, text);
}
