import { readOptions, usage, type Options } from './options.ts';
import { runComparison } from './run-comparison.ts';
import { runScale } from './run-scale.ts';
import { runTokens } from './run-tokens.ts';

// npm run bench: exit code 0 only if every row was measured to the end. The
// children end with this process, whatever ends it (process/spawn.ts).

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
const startedAt = performance.now();
const run = options.tokens ? runTokens : options.scale ? runScale : runComparison;
const complete = await run(options, (line) => console.log(line));
console.log(`${Math.round((performance.now() - startedAt) / 1000)} s in all`);
process.exit(complete ? 0 : 1);
