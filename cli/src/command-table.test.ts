import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { expect, test } from 'vitest';
import type { Entry, Group } from './command-entry.ts';
import { commandTable } from './command-table.ts';
import { root } from './workspace.ts';

/** Every command with its words, such as `token issue`. */
function commandsOf(entries: Readonly<Record<string, Entry | Group>>, before = ''): [string, Entry][] {
  return Object.entries(entries).flatMap(([name, entry]): [string, Entry][] =>
    'commands' in entry ? commandsOf(entry.commands, `${before}${name} `) : [[`${before}${name}`, entry]],
  );
}

const commands = commandsOf(commandTable);
const page = readFileSync(join(root, 'docs/command-line.md'), 'utf8');

/** What prints no data: a value for a pipe, a document of another format, or files that it writes. */
const withoutJson: Readonly<Record<string, string>> = {
  completion: 'a script',
  'token issue': 'a token',
  'token rotate': 'a token',
  'token revoke': 'ids',
  'key rotate': 'an id',
  'key withdraw': 'an id',
  'contract docs': 'files',
  'contract openapi': 'JSON already',
  'contract publish': 'files',
  'contract pull': 'a file',
  'contract network-policies': 'YAML',
  'kubernetes secrets': 'files',
  'kubernetes prometheus-rules': 'YAML',
  'db backup': 'files',
  'db verify': 'whether a file is whole',
  'db restore': 'rows',
  'db keygen': 'a key',
  'new service': 'files',
  mcp: 'a protocol',
};

/** The command as its file makes it, and its whole help. */
async function helpOf(words: string, entry: Entry): Promise<{ command: Command; help: string }> {
  const command = (await entry.load())(new Command(words));
  let help = '';
  command.configureOutput({ writeOut: (text) => void (help += text) }).outputHelp();
  return { command, help };
}

test.each(commands)('the help of %s has an example of it', async (words, entry) => {
  const { help } = await helpOf(words, entry);
  expect(help).toMatch(/^Examples?:\n {2}\S/m);
  const [, examples = ''] = /^Examples?:\n((?: {2}.*\n?)+)/m.exec(help) ?? [];
  for (const line of examples.trimEnd().split('\n'))
    expect(line).toMatch(new RegExp(`^  npm run mesh -- ${words}\\b`));
});

test.each(commands)('%s prints its data as JSON too, or has none', async (words, entry) => {
  const { command } = await helpOf(words, entry);
  const has = command.options.some(({ long }) => long === '--json');
  expect(has).toBe(!(words in withoutJson));
});

test('what is said to print no data is a command', () => {
  const names = commands.map(([words]) => words);
  expect(Object.keys(withoutJson).filter((words) => !names.includes(words))).toEqual([]);
});

test.each(commands)(
  'docs/command-line.md has a row for %s, with the exit codes of its help',
  async (words, entry) => {
    const row = page.split('\n').find((line) => line.startsWith(`| \`${words}\``));
    expect(row).toContain(`mesh ${words}`);
    // Codes beyond 0 and 1, where the help names them.
    const { help } = await helpOf(words, entry);
    for (const [, code] of help.matchAll(/\bwith (\d)\b/g)) expect(row).toContain(`${code}:`);
  },
);

test('the page names no command that is not there', () => {
  const names = new Set(commands.map(([words]) => words));
  const rows = [...page.matchAll(/^\| `([a-z -]+)` +\|/gm)].map(([, words = '']) => words);
  expect(rows.filter((words) => !names.has(words))).toEqual([]);
});
