#!/usr/bin/env node
import { runCommand } from './command.ts';

// npx arcadium-postgres migrate …: see command.ts.

process.exitCode = await runCommand(process.argv.slice(2), {
  out: (text) => process.stdout.write(`${text}\n`),
  err: (text) => process.stderr.write(`${text}\n`),
});
