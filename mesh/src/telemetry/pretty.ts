import { createRequire } from 'node:module';
import { styleText } from 'node:util';
import { pino, type DestinationStream } from 'pino';
import type pinoPretty from 'pino-pretty';
import type { PrettyOptions } from 'pino-pretty';

/** So many fields of a line are shown. */
const mostFields = 3;

/** Longest text of a value, and of a message, in characters. */
const longestValue = 100;
const longestMessage = 240;

/** Shown before others, in this order. */
const firstFields = ['endpoint', 'procedure', 'error', 'reason', 'retry_count', 'code'];

/** Part of every line, or for machines. */
const hiddenFields = new Set([
  'level',
  'service',
  'msg',
  'err',
  'timestamp',
  'context',
  'version',
  'request_id',
]);

/** Wide enough for the longest name of a service here. */
const nameWidth = 12;

/** Neither of these is a level's. */
const serviceColours = ['cyan', 'magenta', 'blue', 'cyanBright', 'magentaBright', 'blueBright'] as const;

/** What colours text, or leaves it as it is. */
type Colours = Parameters<Exclude<PrettyOptions['messageFormat'], string | false | undefined>>[3]['colors'];

/** A line as pino writes it, read. */
type Line = Readonly<Record<string, unknown>>;

/**
 * Writes each line for people: time, service, level, message, and the two or
 * three fields that matter. One line each; an error line has its stack below.
 * Synchronous, as pino's own: what is written is out before a process ends.
 *
 * @param out Where to. @default standard output
 * @param colour @default where standard output is a terminal, or FORCE_COLOR says so
 */
export function prettyDestination(
  out: DestinationStream = pino.destination({ fd: 1, sync: true }),
  colour = styleText('red', ' ', { stream: process.stdout }) !== ' ',
): DestinationStream {
  const toLine = createPrettifier(colour);
  return { write: (line) => out.write(toLine(line)) };
}

/** Loads what makes lines pretty where that is used only: services that log JSON do without. */
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

/** The fields to show, with their values as text; none that the message names already. */
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

/** In one line, whatever a caller has put into it: no control character reaches a terminal. */
function shorten(text: string, most: number): string {
  const flat = text.replaceAll(/[\s\p{Cc}]+/gu, ' ').trim();
  return flat.length > most ? `${flat.slice(0, most - 1)}…` : flat;
}

function stackOf({ level, err }: Line): string | undefined {
  const { stack } = (err ?? {}) as { stack?: unknown };
  if (level !== 'error' || typeof stack !== 'string') return undefined;
  return stack.replaceAll(/[^\n\P{Cc}]/gu, ' ').replaceAll(/^ */gm, '    ');
}

/** The same for a name in every process. */
function colourOf(service: string): (typeof serviceColours)[number] {
  let sum = 0;
  for (let index = 0; index < service.length; index += 1) sum += service.charCodeAt(index);
  return serviceColours[sum % serviceColours.length] ?? 'cyan';
}
