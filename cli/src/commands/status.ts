import { setTimeout as delay } from 'node:timers/promises';
import type { Command } from 'commander';
import { lookAtAll, table, type Seen } from '../health.ts';
import { everyServiceUrl } from '../workspace.ts';
import { examples } from './examples.ts';

/** Time between two looks of `--watch`, in milliseconds. */
const watchEveryMs = 1000;

/** `status [--watch] [--json]`: ends with 1 unless every endpoint is healthy. */
export function status(self: Command): Command {
  return examples(self, 'status', 'status --watch --json')
    .option('--watch', 'look each second, and print what changed, until Ctrl-C')
    .option('--json', 'as JSON')
    .addHelpText('after', '\nEnds with 0 if all are healthy, else with 1.')
    .action(async ({ watch = false, json = false }: { watch?: boolean; json?: boolean }) => {
      const urls = everyServiceUrl();
      for (let last: string | undefined; ;) {
        const seen = await lookAtAll(urls);
        const text = json ? JSON.stringify(seen) : table(seen);
        if (text !== last) console.log(text);
        last = text;
        process.exitCode = exitCodeOf(seen);
        if (!watch) return;
        await delay(watchEveryMs);
      }
    });
}

function exitCodeOf(seen: readonly Seen[]): number {
  return seen.every((one) => one.status === 'healthy') ? 0 : 1;
}
