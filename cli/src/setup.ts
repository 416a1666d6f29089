import { commandLog } from './command-log.ts';
import { makeEnvironment } from './setup/make-environment.ts';
import { root } from './workspace.ts';

// npm run setup: creates missing settings, and prints what it created.

const written = await makeEnvironment(root, commandLog('setup')).catch((error: unknown) => {
  process.stderr.write(`Set-up stopped: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
});
process.stdout.write(
  written.length === 0
    ? 'The environment is complete; nothing was changed.\n'
    : `Made ${written.length} settings:\n${written.map((line) => `  ${line}\n`).join('')}`,
);
