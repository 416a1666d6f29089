import { createRequire } from 'node:module';
import { styleText } from 'node:util';
import { pino, type DestinationStream } from 'pino';
import type pinoPretty from 'pino-pretty';
import type { PrettyOptions } from 'pino-pretty';
import { longestMessage } from './describe-error.ts';

/** Most fields shown of a line. */
const mostFields = 3;

/** Longest value shown, in characters. */
const longestValue = 100;

/** Shown before others, in this order. */
const firstFields = ['endpoint', 'procedure', 'error', 'reason', 'retry_count', 'code'];

/** Fields of every line, or for machines only. */
const hiddenFields = new Set([
  'level',
  'service',
  'msg',
  'err',
  'timestamp',
  'context',
  'version',
  'request_id',
  'trace_id',
  'span_id',
]);

/** Width of the longest service name. */
const nameWidth = 12;

/** Colours that no level uses. */
const serviceColours = ['cyan', 'magenta', 'blue', 'cyanBright', 'magentaBright', 'blueBright'] as const;

/** Functions that colour text, if colours are on. */
type Colours = Parameters<Exclude<PrettyOptions['messageFormat'], string | false | undefined>>[3]['colors'];

/** A parsed line of pino. */
type Line = Readonly<Record<string, unknown>>;

/**
 * Writes each line for people: time, service, level, message and up to three
 * fields; below an error, its stack. Synchronous, so that all lines are written
 * before the process ends.
 *
 * @param out @default standard output
 * @param colour @default if standard output is a terminal, or FORCE_COLOR is set
 */
export function prettyDestination(
  out: DestinationStream = pino.destination({ fd: 1, sync: true }),
  colour = styleText('red', ' ', { stream: process.stdout }) !== ' ',
): DestinationStream {
  const toLine = createPrettifier(colour);
  return { write: (line) => out.write(toLine(line)) };
}

/** Loads pino-pretty only here: services that log JSON do not need it. */
function createPrettifier(colour: boolean): (line: string) => string {
  const { prettyFactory } = createRequire(import.meta.url)('pino-pretty') as typeof pinoPretty;
  return prettyFactory({
    colorize: colour,
    timestampKey: 'timestamp',
    translateTime: 'SYS:HH:MM:ss.l',
    hideObject: true,
    customPrettifiers: {
      time: String,
      level: (_level, _key, line, { labelColorized, colors }) => {
        const service = String((line as Line)['service']);
        return `${colors[colourOf(service)](service.padEnd(nameWidth))} ${labelColorized}`;
      },
    },
    messageFormat: (line, messageKey, _label, { colors }) => describeLine(line, messageKey, colors),
  });
}

function describeLine(line: Line, messageKey: string, colors: Colours): string {
  const message = shorten(textOf(line[messageKey] ?? ''), longestMessage);
  const fields = fieldsOf(line, message).map(([name, value]) => colors.dim(`${name}=${value}`));
  const stack = stackOf(line);
  return [message, ...fields].join(' ') + (stack === undefined ? '' : `\n${stack}`);
}

/** The fields to show, with their values as text, without those whose value is in the message. */
function fieldsOf(line: Line, message: string): [name: string, value: string][] {
  const error = line['error'] ?? (line['err'] as { message?: unknown } | undefined)?.message;
  const all: Line = { ...line, error };
  const names = new Set([...firstFields, ...Object.keys(all)]);
  return [...names]
    .filter((name) => !hiddenFields.has(name) && all[name] !== undefined && all[name] !== null)
    .map((name): [string, string] => [name, shorten(textOf(all[name]), longestValue)])
    .filter(([, value]) => !message.includes(value))
    .slice(0, mostFields)
    .map(([name, value]) => [name, /^[^{[].*[\s"=]/.test(value) ? JSON.stringify(value) : value]);
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** Removes line breaks and control characters, which may come from a caller. */
function shorten(text: string, most: number): string {
  const flat = text.replaceAll(/[\s\p{Cc}]+/gu, ' ').trim();
  return flat.length > most ? `${flat.slice(0, most - 1)}…` : flat;
}

function stackOf({ level, err }: Line): string | undefined {
  const { stack } = (err ?? {}) as { stack?: unknown };
  if (level !== 'error' || typeof stack !== 'string') return undefined;
  return stack.replaceAll(/[^\n\P{Cc}]/gu, ' ').replaceAll(/^ */gm, '    ');
}

/** Depends on the name only, so that it is the same in every process. */
function colourOf(service: string): (typeof serviceColours)[number] {
  let sum = 0;
  for (let index = 0; index < service.length; index += 1) sum += service.charCodeAt(index);
  return serviceColours[sum % serviceColours.length] ?? 'cyan';
}
