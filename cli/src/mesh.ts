#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { enableCompileCache } from 'node:module';
import { join } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { endCommand } from './at-end.ts';
import type { Entry, Group } from './command-entry.ts';
import { commandTable } from './command-table.ts';

// npm run mesh -- <command>: works on a running mesh, mostly as an administrator. Results go to standard output,
// everything else to standard error.

// Half of the time of a command is the loading of its modules.
enableCompileCache();

const mesh = new Command('mesh')
  .description('Look at a running mesh, call its services, and administer it')
  .option(
    '--email <address>',
    'the administrator to log in as, with the password from MESH_PASSWORD or the terminal (default: ADMIN_EMAIL and ADMIN_PASSWORD, in a checkout of services/auth/.env)',
  )
  .option(
    '--url <service=url>',
    'the address of a service, such as wiki=http://localhost:5000; repeatable (default: WIKI_SERVICE_URL and the like)',
    addUrl,
  )
  .version(version(), '--version', 'print the version of this program');
add(mesh, commandTable);

/** Adds commands to `parent`; each is loaded when its turn comes. */
function add(parent: Command, entries: Readonly<Record<string, Entry | Group>>): void {
  for (const [name, entry] of Object.entries(entries)) {
    const command = parent.command(name).description(entry.description);
    if ('commands' in entry) add(command, entry.commands);
    else if (entry.alias !== undefined) command.alias(entry.alias);
  }
  parent.hook('preSubcommand', async (_parent, command) => {
    const entry = entries[command.name()];
    if (!entry || !('load' in entry)) return;
    if (entry.needsCheckout) await mustBeInCheckout(command);
    (await entry.load())(command);
  });
}

/** @throws Error outside of a checkout. */
async function mustBeInCheckout(command: Command): Promise<void> {
  const { inCheckout } = await import('./workspace.ts');
  if (inCheckout) return;
  const words: string[] = [];
  for (let one: Command | null = command; one; one = one.parent) words.unshift(one.name());
  const [, ...rest] = words;
  throw new Error(
    `"${words.join(' ')}" needs a checkout of Arcadium, whose files it works on: run it there as "npm run mesh -- ${rest.join(' ')}"`,
  );
}

/** Sets the address of a service for this process, as its setting would. */
function addUrl(given: string): void {
  const [, name, url] = /^([a-z][a-z0-9-]{0,62})=(.+)$/.exec(given) ?? [];
  if (name === undefined || url === undefined)
    throw new InvalidArgumentError(
      'It must be a service and its address, such as wiki=http://localhost:5000.',
    );
  process.env[`${name.toUpperCase().replaceAll('-', '_')}_SERVICE_URL`] = url;
}

function version(): string {
  const manifest = JSON.parse(readFileSync(join(import.meta.dirname, '..', 'package.json'), 'utf8')) as {
    version: string;
  };
  return manifest.version;
}

const [first, ...others] = process.argv.slice(2);
try {
  if (first === '__complete') await printCandidates(others);
  else await mesh.parseAsync(helpLast(process.argv.slice(2)), { from: 'user' });
} catch (error) {
  process.stderr.write(`${await explain(error)}\n`);
  process.exitCode = 1;
} finally {
  await endCommand();
}

/** For the scripts of `completion`: a line for each candidate, with its description after a tab. */
async function printCandidates(words: string[]): Promise<void> {
  const { complete } = await import('./completion/complete.ts');
  for (const { text, description } of await complete(words)) console.log(`${text}\t${description}`);
}

/** `help token issue` as `token issue --help`, so that the command is loaded. */
function helpLast(words: string[]): string[] {
  return words[0] === 'help' ? [...words.slice(1), '--help'] : words;
}

/** One sentence, with the data and the name of a typed error. */
async function explain(error: unknown): Promise<string> {
  if (!(error instanceof Error)) return String(error);
  const { isCallError } = await import('@arcadium/mesh/client');
  const { error: named, issues } = isCallError(error) ? error.data : {};
  if (named) return `${[error.message, facts(named.data)].filter(Boolean).join(': ')} (${named.name})`;
  if (!issues) return error.message;
  return `${error.message}: ${issues.map(({ path, message }) => [path.join('.'), message].join(' ').trim()).join('; ')}`;
}

/** The data of a typed error in words, such as `active from` for `activeFrom`. */
function facts(data: unknown): string {
  return Object.entries(Object(data) as Record<string, unknown>)
    .map(
      ([name, value]) =>
        `${name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)} ${String(value)}`,
    )
    .join(', ');
}
