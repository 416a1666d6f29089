import { setTimeout as delay } from 'node:timers/promises';
import { InvalidArgumentError, Option, type Command } from 'commander';
import { operatorOf } from '../call/operator.ts';
import { Screen } from '../terminal/screen.ts';
import { CallMeters } from '../top/call-meters.ts';
import { MetricsReader } from '../top/read-metrics.ts';
import { columnNames, sorted, topLines, type ColumnName, type Shown } from '../top/top-view.ts';
import { everyServiceUrl } from '../workspace.ts';
import { examples } from './examples.ts';

interface Options {
  sort: ColumnName;
  interval: number;
  once?: boolean;
  json?: boolean;
}

/** `top [--sort <column>] [--interval <seconds>] [--once] [--json]`: from `/metrics` of every service. */
export function top(self: Command): Command {
  self
    .addOption(new Option('--sort <column>', 'the column to sort by').choices(columnNames).default('rate'))
    .option('--interval <seconds>', 'time between two readings', atLeastATenth, 2)
    .option('--once', 'print the calls of one interval, and end')
    .option('--json', 'one line of JSON for each interval')
    .addHelpText(
      'after',
      `
The figures are those of the services, read from their /metrics; the dashboard is not needed. On a terminal, s sorts by the
next column, and q or Ctrl-C ends. Elsewhere, the table is printed once for each interval.

Ends with 1 if no service answers the first two readings.`,
    )
    .action(run);
  return examples(self, 'top', 'top --sort p99 --interval 5', 'top --once --json');
}

async function run({ sort, interval, once = false, json = false }: Options, command: Command): Promise<void> {
  const meters = new CallMeters();
  const reader = new MetricsReader(everyServiceUrl(), meters, operatorOf(command));
  await reader.read();
  await delay(interval * 1000);
  const next = async (): Promise<Shown> => {
    const { seconds, unread } = await reader.read();
    return { rows: meters.take(seconds), unread, processes: reader.size, seconds, sort };
  };
  const first = await next();
  if (first.unread.length === reader.size) {
    const reasons = first.unread.map(({ service, url, reason }) => `${service} at ${url}: ${reason}`);
    throw new Error(`No service answers: ${reasons.join('; ')}`);
  }
  if (process.stdout.isTTY && !json && !once) await live(first, next, interval);
  else
    for (let shown = first; ; shown = await next()) {
      console.log(json ? JSON.stringify(asJson(shown)) : `${topLines(shown).join('\n')}\n`);
      if (once) return;
      await delay(interval * 1000);
    }
}

/** Draws on the terminal until q or Ctrl-C. */
async function live(first: Shown, next: () => Promise<Shown>, interval: number): Promise<void> {
  let shown = first;
  let { sort } = first;
  const ended = new AbortController();
  const screen = new Screen((key) => {
    if (key === 'q') ended.abort();
    if (key === 's') {
      sort = columnNames[(columnNames.indexOf(sort) + 1) % columnNames.length] ?? sort;
      draw();
    }
  });
  function draw() {
    screen.draw(topLines({ ...shown, sort }, screen.size));
  }
  screen.onResize(draw);
  try {
    for (;;) {
      draw();
      await delay(interval * 1000, undefined, { signal: ended.signal });
      shown = await next();
    }
  } catch (error) {
    if (!ended.signal.aborted) throw error;
  } finally {
    screen.close();
  }
}

function asJson({ rows, unread, seconds, sort }: Shown) {
  return { at: new Date().toISOString(), seconds, calls: sorted(rows, sort), unread };
}

function atLeastATenth(text: string): number {
  const seconds = Number(text);
  if (seconds >= 0.1 && seconds <= 3600) return seconds;
  throw new InvalidArgumentError('It must be seconds, from 0.1 to 3600.');
}
