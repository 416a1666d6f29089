import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { promisify } from 'node:util';

import { prismaFolder, servicesWithSchema } from './folders.ts';

// `npm run generate -w prisma`: writes prisma/<service>/generated for every service with a schema. One CLI
// process for each, because the CLI handles one schema at a time; they run concurrently and without network.

const run = promisify(execFile);
const cli = createRequire(import.meta.url).resolve('prisma/build/index.js');

async function generate(service: string): Promise<boolean> {
  const environment = {
    ...process.env,
    PRISMA_SERVICE: service,
    // No version check and no telemetry: generation must work without a network.
    CHECKPOINT_DISABLE: '1',
    PRISMA_HIDE_UPDATE_MESSAGE: '1',
  };
  try {
    await run(process.execPath, [cli, 'generate', '--no-hints'], { cwd: prismaFolder, env: environment });
    process.stdout.write(`generated ${service}/generated\n`);
    return true;
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
    process.stderr.write(
      `generating ${service} failed:\n${stdout}${stderr}${stdout || stderr ? '' : String(error)}\n`,
    );
    return false;
  }
}

const results = await Promise.all(servicesWithSchema().map(generate));
if (results.includes(false)) process.exitCode = 1;
