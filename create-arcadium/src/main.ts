#!/usr/bin/env node
import { once } from 'node:events';
import { relative } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { readCommandLine, usage, type CommandLine } from './command-line.ts';
import { createApp } from './create-app.ts';
import { CreateError } from './create-error.ts';

// npm create arcadium [folder]

/** What the created services run on: Node with type stripping, and the oldest that the mesh supports. */
const leastNode = [22, 19] as const;

const defaultFolder = 'my-app';

try {
  requireNode(process.versions.node);
  const options = readCommandLine(process.argv.slice(2));
  if (options.help) console.log(usage);
  else create(await folderOf(options), options.name);
} catch (error) {
  if (!(error instanceof CreateError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}

function create(folder: string, name: string | undefined): void {
  const app = createApp({ folder, name });
  const path = relative('', app.folder);
  console.log(`Created ${app.name} in ${app.folder} (${app.files.length} files). Now run:\n`);
  const quoted = /^[\w./\\:-]*$/.test(path) ? path : `"${path}"`;
  for (const command of [...(path === '' ? [] : [`cd ${quoted}`]), 'npm install', 'npm run dev'])
    console.log(`  ${command}`);
}

/** Asks for it only on a terminal. */
async function folderOf({ folder, name, yes }: CommandLine): Promise<string> {
  if (folder !== undefined) return folder;
  const proposed = name ?? defaultFolder;
  if (yes) return proposed;
  if (!process.stdin.isTTY || !process.stdout.isTTY) {
    throw new CreateError('NAME_MISSING', `Name the folder to create: npm create arcadium ${proposed}`);
  }
  return ask(`Folder of the new app (${proposed}): `, proposed);
}

/** @throws CreateError NAME_MISSING after Ctrl-C or Ctrl-D. */
async function ask(question: string, proposed: string): Promise<string> {
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  const closed = once(terminal, 'close').then(() => Promise.reject(new Error('the terminal was closed')));
  try {
    const answer = await Promise.race([terminal.question(question), closed]);
    return answer.trim() || proposed;
  } catch (cause) {
    throw new CreateError('NAME_MISSING', '\nCancelled: nothing was written', { cause });
  } finally {
    closed.catch(() => {});
    terminal.close();
  }
}

/** @throws CreateError NODE_TOO_OLD. */
function requireNode(version: string): void {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [leastMajor, leastMinor] = leastNode;
  if (major > leastMajor || (major === leastMajor && minor >= leastMinor)) return;
  throw new CreateError(
    'NODE_TOO_OLD',
    `Node ${version} is too old: the services need Node ${leastNode.join('.')} or newer`,
  );
}
