import type { LogLine, Trace } from '@arcadium/contracts/dashboard';
import type { Command } from 'commander';
import { Dashboard } from '../call/dashboard.ts';
import { CallFailed } from '../call/send.ts';
import { logLineText } from '../logs/log-line-text.ts';
import { waterfall } from '../trace/waterfall.ts';
import { examples } from './examples.ts';

/** Where standard output is not a terminal. */
const defaultWidth = 120;

/** `trace <id>`: the waterfall of a call with its log lines, from what the dashboard holds. */
export function trace(self: Command): Command {
  self
    .argument('<id>', 'of a request (x-request-id, as errors and logs show it) or of a trace')
    .option('--json', 'as JSON: the trace with its spans, and the log lines')
    .addHelpText(
      'after',
      `
Spans are calls, their attempts, statements, and deliveries of the outbox. A service sends them a second or so after the
call, if OTEL_EXPORTER_OTLP_ENDPOINT names the dashboard and the trace was sampled (OTEL_TRACES_SAMPLER_ARG).`,
    )
    .action(run);
  return examples(
    self,
    'trace 4f9d7c1e-0c4b-4a33-9f60-4a8b5e9b5a10',
    'trace 7bb1bdbd5b4f5ee4c1c54b4e5d1d9a02 --json',
  );
}

async function run(id: string, { json = false }: { json?: boolean }, command: Command): Promise<void> {
  const dashboard = new Dashboard(command);
  const found = await findTrace(dashboard, id);
  const lines = await linesOf(dashboard, found);
  if (json) {
    console.log(JSON.stringify({ trace: found, logs: lines }, undefined, 2));
    return;
  }
  console.log(waterfall(found, process.stdout.columns || defaultWidth).join('\n'));
  if (lines.length > 0) console.log(`\nLog lines:\n${lines.map(logLineText).join('\n')}`);
}

/** @throws Error with a message for the terminal. */
async function findTrace(dashboard: Dashboard, id: string): Promise<Trace> {
  const byTrace = /^[\da-f]{32}$/.test(id) ? await traceOf(dashboard, id) : undefined;
  if (byTrace) return byTrace;
  const { items } = await dashboard.ask('traces.list', { requestId: id, limit: 1 });
  const [summary] = items;
  const byRequest = summary && (await traceOf(dashboard, summary.traceId));
  if (byRequest) return byRequest;
  throw new Error(
    `The dashboard holds no trace of the request or trace "${id}". It keeps the last 10,000, and gets those that are sampled`,
  );
}

async function traceOf(dashboard: Dashboard, traceId: string): Promise<Trace | undefined> {
  try {
    return await dashboard.ask('traces.get', { traceId });
  } catch (error) {
    if (error instanceof CallFailed && error.shape.data.code === 'NOT_FOUND') return undefined;
    throw error;
  }
}

/** Oldest first. */
async function linesOf(dashboard: Dashboard, { traceId }: Trace): Promise<LogLine[]> {
  const { items } = await dashboard.ask('logs.list', { traceId, limit: 100 });
  return items.toReversed();
}
