import { Command } from 'commander';
import type { Entry, Group } from './command-entry.ts';
import { commandTable } from './command-table.ts';

// npm run mesh -- <command>: works on a running mesh, mostly as an administrator. Results go to standard output,
// everything else to standard error.

const mesh = new Command('mesh')
  .description('Look at a running mesh, call its services, and administer it')
  .option(
    '--email <address>',
    'the administrator to log in as, with the password from MESH_PASSWORD or the terminal (default: ADMIN_EMAIL and ADMIN_PASSWORD of services/auth/.env)',
  );
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
    if (entry && 'load' in entry) (await entry.load())(command);
  });
}

const [first, ...others] = process.argv.slice(2);
try {
  if (first === '__complete') await printCandidates(others);
  else await mesh.parseAsync(helpLast(process.argv.slice(2)), { from: 'user' });
} catch (error) {
  process.stderr.write(`${await explain(error)}\n`);
  process.exitCode = 1;
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
