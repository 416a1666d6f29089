import { readOptions, usage, type Options } from './options.ts';
import { installPeers } from './peers.ts';

// npm run bench: exit code 0 only if every row was measured completely. The child processes end with this one
// (process/spawn.ts).

for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const) {
  process.once(signal, () => process.exit(code));
}

function optionsOrExit(): Options {
  try {
    return readOptions(process.argv.slice(2));
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`);
    return process.exit(2);
  }
}

const options = optionsOrExit();
if (!options.services && !options.tables && !options.tracing && !options.tls) installPeers();
const startedAt = performance.now();
const complete = await (await runner())(options, (line) => console.log(line));
console.log(`${Math.round((performance.now() - startedAt) / 1000)} s in all`);
process.exit(complete ? 0 : 1);

/** Loaded after the packages are installed. */
async function runner() {
  if (options.services) return (await import('./run-services.ts')).runServices;
  if (options.tables) return (await import('./run-tables.ts')).runTables;
  if (options.tokens) return (await import('./run-tokens.ts')).runTokens;
  if (options.tracing) return (await import('./run-tracing.ts')).runTracing;
  if (options.tls) return (await import('./run-tls.ts')).runTls;
  if (options.scale) return (await import('./run-scale.ts')).runScale;
  return (await import('./run-comparison.ts')).runComparison;
}
