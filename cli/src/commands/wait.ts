import type { Command } from 'commander';
import { table, waitUntilHealthy } from '../health.ts';
import { everyServiceUrl } from '../workspace.ts';
import { examples } from './examples.ts';

/** `wait [--timeout <seconds>]`: for scripts that start the mesh and go on when it is healthy. */
export function wait(self: Command): Command {
  return examples(self, 'wait --timeout 120')
    .option('--timeout <seconds>', 'longest wait', '60')
    .option('--json', 'as JSON')
    .addHelpText('after', '\nEnds with 0 when all are healthy, with 1 when the time is over.')
    .action(async ({ timeout, json = false }: { timeout: string; json?: boolean }) => {
      const seconds = Number(timeout);
      if (!(seconds >= 0)) throw new Error(`--timeout takes seconds, not ${timeout}`);
      const { healthy, services } = await waitUntilHealthy(everyServiceUrl(), seconds * 1000);
      console.log(json ? JSON.stringify(services) : table(services));
      process.exitCode = healthy ? 0 : 1;
    });
}
