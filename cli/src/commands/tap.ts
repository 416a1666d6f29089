import { setTimeout as delay } from 'node:timers/promises';
import type { Command } from 'commander';
import { operatorOf } from '../call/operator.ts';
import { reasonOf } from '../call/reason.ts';
import { urlOfNamed } from '../call/described-service.ts';
import { fits, tapLine, type TapFilter } from '../tap/tap-line.ts';
import { TapReader, TapRefused } from '../tap/tap-reader.ts';
import { examples } from './examples.ts';
import { atLeastOne } from './numbers.ts';

/** Time between two readings, in milliseconds. */
const everyMs = 300;

interface Options extends TapFilter {
  count?: number;
  json?: boolean;
}

/** `tap <service>`: its calls as they end, from `/api/tap` of every endpoint of it. */
export function tap(self: Command): Command {
  self
    .argument('<service>', 'such as wiki')
    .option('--procedure <name>', 'only of this procedure, or of a group such as pages')
    .option('--caller <name>', 'only of this caller: a service, user, admin or anyone')
    .option('--failed', 'only calls that failed')
    .option('--count <n>', 'end after this number of calls', atLeastOne)
    .option('--json', 'one line of JSON for each call')
    .addHelpText(
      'after',
      `
A service shows its calls to administrators and services. Inputs and outputs are shown if TAP=payloads is set in the
service, with fields that look like secrets masked. Ctrl-C ends.`,
    )
    .action(run);
  return examples(
    self,
    'tap wiki',
    'tap wiki --procedure pages --failed',
    'tap notification --caller wiki --count 10 --json',
  );
}

async function run(service: string, options: Options, command: Command): Promise<void> {
  const credentials = operatorOf(command);
  const readers = urlOfNamed(service).map((url) => new TapReader(url, credentials));
  const ended = new AbortController();
  const end = () => ended.abort();
  process.once('SIGINT', end);
  const { count = Infinity } = options;
  let shown = 0;
  const show = (reader: TapReader, page: Awaited<ReturnType<TapReader['read']>>) => {
    if (page.lost > 0) console.error(`${page.lost} calls at ${reader.url} came faster than they were read`);
    for (const call of page.calls.filter((one) => fits(one, options)).slice(0, count - shown)) {
      console.log(options.json ? JSON.stringify(call) : tapLine(call));
      shown += 1;
    }
    if (shown >= count) end();
  };
  const first = await Promise.allSettled(readers.map((reader) => reader.read(ended.signal)));
  const failures = first.flatMap((one) => (one.status === 'rejected' ? [one.reason as unknown] : []));
  const [failure] = failures;
  if (failures.length === readers.length) {
    if (failure instanceof TapRefused) throw failure;
    throw new Error(`${service} does not answer: ${failures.map(reasonOf).join('; ')}`, { cause: failure });
  }
  console.error(`Calls of ${service} at ${readers.map(({ url }) => url).join(', ')}:`);
  await Promise.all(readers.map((reader) => follow(reader, show, ended.signal)));
  process.off('SIGINT', end);
}

/** Reads until the end; an endpoint that does not answer is said once, and asked again. */
async function follow(
  reader: TapReader,
  show: (reader: TapReader, page: Awaited<ReturnType<TapReader['read']>>) => void,
  signal: AbortSignal,
): Promise<void> {
  let silent = false;
  while (!signal.aborted) {
    try {
      const page = await reader.read(signal);
      if (!signal.aborted) show(reader, page);
      silent = false;
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof TapRefused) throw error;
      if (!silent) console.error(`${reader.url} does not answer: ${reasonOf(error)}; trying again`);
      silent = true;
    }
    await delay(everyMs, undefined, { signal }).catch(() => {});
  }
}
