import { createLogger } from '@arcadium/mesh/telemetry';
import { Claim } from './dev/claim.ts';
import { generateClients } from './dev/generate.ts';
import { runMesh } from './dev/mesh.ts';
import { findObstacles } from './dev/preflight.ts';
import { watchParent } from './dev/watch-parent.ts';
import { makeEnvironment } from './setup/make-environment.ts';
import { findMisspelt } from './setup/misspelt.ts';
import { root, serviceUrls } from './workspace.ts';

// npm run dev: creates what is missing, starts the database and the services, keeps them running and up to
// date, and stops everything on Ctrl-C.

/**
 * Ctrl-C arrives from the terminal and from npm: signals this close together, in milliseconds, count as one.
 */
const sameSignalMs = 1000;

const stop = new AbortController();
const hurry = new AbortController();
const print = (line: string) => void process.stdout.write(`${line}\n`);

// After npm has ended, output has no reader. A failed write must not end this process; watchParent notices
// npm's end.
for (const output of [process.stdout, process.stderr]) output.on('error', () => {});
let stoppingSince: number | undefined;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    stoppingSince ??= performance.now();
    stop.abort();
    if (performance.now() - stoppingSince > sameSignalMs) hurry.abort();
  });
}
const parent = watchParent(() => stop.abort());

try {
  await start();
} catch (error) {
  // After Ctrl-C during a start, initdb and turbo end too, which is not a failure.
  if (!stop.signal.aborted) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}
parent.stop();
if (stop.signal.aborted) print('The mesh has stopped.');
process.exit();

async function start(): Promise<void> {
  const claim = await Claim.take(root, print);
  try {
    await generateClients(root);
    const made = await makeEnvironment(root, createLogger({ service: 'setup', level: 'warn' }));
    const files = new Set(made.map((line) => line.split(':')[0]));
    if (made.length > 0) print(`Wrote ${made.length} settings to ${[...files].join(', ')}`);
    for (const line of await findMisspelt(root)) print(line);
    const obstacles = await findObstacles();
    if (obstacles.length > 0) {
      throw new Error(`The mesh cannot start:\n${obstacles.map((line) => `  - ${line}`).join('\n')}`);
    }
    claim.at([...serviceUrls().values()].flat());
    if (!stop.signal.aborted) {
      await runMesh({ root, claim, print, stop: stop.signal, hurry: hurry.signal });
    }
  } finally {
    claim.release();
  }
}
