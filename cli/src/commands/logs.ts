import { setTimeout as delay } from 'node:timers/promises';
import type { LogLine } from '@arcadium/contracts/dashboard';
import { InvalidArgumentError, Option, type Command } from 'commander';
import { Dashboard } from '../call/dashboard.ts';
import { logLineText } from '../logs/log-line-text.ts';
import { examples } from './examples.ts';

const levels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const satisfies LogLine['level'][];

/** Time between two questions of `--follow`, in milliseconds. */
const everyMs = 1000;
/** Lines that are shown unless told otherwise. */
const usualLines = 50;

interface Options {
  level: LogLine['level'];
  since?: number;
  lines?: number;
  text?: string;
  request?: string;
  follow?: boolean;
  json?: boolean;
}

/** `logs [service]`: log lines that the dashboard holds, oldest first. */
export function logs(self: Command): Command {
  self
    .argument('[service]', 'such as wiki (default: all)')
    .addOption(new Option('--level <level>', 'this level and above').choices(levels).default('info'))
    .option('--since <time>', 'from then on: 30s, 10m, 2h, 1d or an ISO time', sinceWhen)
    .option(
      '--lines <n>',
      `at most the last n (default: ${usualLines}, with --since all that are held)`,
      lineCount,
    )
    .option('--text <text>', 'only with this text in the message or in a field')
    .option('--request <id>', 'only of this request')
    .option('--follow', 'go on with new lines, until Ctrl-C')
    .option('--json', 'one line of JSON for each')
    .addHelpText(
      'after',
      `
The dashboard holds the last 10,000 lines in memory. If it is down, read what the services write to standard output.`,
    )
    .action(run);
  return examples(self, 'logs', 'logs wiki --level warn --since 10m', 'logs --follow --json');
}

async function run(service: string | undefined, options: Options, command: Command): Promise<void> {
  const { level, since = -Infinity, text, request, follow = false, json = false } = options;
  const most = options.lines ?? (options.since === undefined ? usualLines : Infinity);
  const dashboard = new Dashboard(command);
  const filter = {
    level,
    ...(service !== undefined && { service }),
    ...(text !== undefined && { text }),
    ...(request !== undefined && { requestId: request }),
  };
  /** Lines after one, oldest first. */
  const linesAfter = async (last: number, limit: number): Promise<LogLine[]> => {
    const found: LogLine[] = [];
    let cursor: string | undefined;
    do {
      const page = await dashboard.ask('logs.list', {
        ...filter,
        limit: 100,
        ...(cursor !== undefined && { cursor }),
      });
      const fresh = page.items.filter(({ id, at }) => id > last && Date.parse(at) >= since);
      found.push(...fresh);
      cursor = fresh.length < page.items.length ? undefined : (page.nextCursor ?? undefined);
    } while (cursor !== undefined && found.length < limit);
    return found.slice(0, limit).toReversed();
  };
  const ended = new AbortController();
  process.once('SIGINT', () => ended.abort());
  let limit = most;
  for (let last = 0; !ended.signal.aborted; limit = Infinity) {
    for (const line of await linesAfter(last, limit)) {
      console.log(json ? JSON.stringify(line) : logLineText(line));
      last = Math.max(last, line.id);
    }
    if (!follow) return;
    await delay(everyMs, undefined, { signal: ended.signal }).catch(() => {});
  }
}

const units = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** @returns Milliseconds since 1970. */
function sinceWhen(text: string): number {
  const [, count, unit] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  if (count !== undefined) return Date.now() - Number(count) * units[unit as keyof typeof units];
  const at = /^\d{4}-/.test(text) ? Date.parse(text) : NaN;
  if (!Number.isNaN(at)) return at;
  throw new InvalidArgumentError('It must be 30s, 10m, 2h, 1d or a time such as 2026-01-31T12:00:00Z.');
}

function lineCount(text: string): number {
  if (/^[1-9]\d{0,4}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It must be a number, from 1 to 99999.');
}
