import { Command, type Option } from 'commander';
import type { Entry, Group } from '../command-entry.ts';
import { commandTable } from '../command-table.ts';
import { serviceUrls } from '../workspace.ts';
import { knownProcedures } from './known-procedures.ts';

/** What may stand at a place of the command line. */
export type Candidate = Readonly<{ text: string; description: string }>;

/** Options of the program, which every command takes. */
const globals: readonly Candidate[] = [
  { text: '--email', description: 'the administrator to log in as' },
  { text: '--url', description: 'the address of a service' },
  { text: '--help', description: 'show help' },
];

/** What the words before the last one lead to. */
interface Place {
  readonly entries: Readonly<Record<string, Entry | Group>> | undefined;
  /** With its arguments and options, once a command is named. */
  readonly command: Command | undefined;
  /** Arguments that are there already. */
  readonly given: number;
  /** The option whose value comes next. */
  readonly option: string | undefined;
}

/**
 * The candidates for the last word.
 *
 * @param words What follows the name of the program; the last one is being typed, and may be empty.
 */
export async function complete(words: readonly string[]): Promise<Candidate[]> {
  const last = words.at(-1) ?? '';
  const place = await placeOf(words.slice(0, -1));
  const all = await candidatesAt(place, last);
  return all.filter(({ text }) => text.startsWith(last));
}

async function placeOf(words: readonly string[]): Promise<Place> {
  let entries: Place['entries'] = commandTable;
  let command: Command | undefined;
  let given = 0;
  let option: string | undefined;
  for (const word of words) {
    if (option !== undefined) option = undefined;
    else if (word.startsWith('-')) option = takesValue(command, word) ? word : undefined;
    else if (entries) {
      const entry: Entry | Group | undefined = entries[word];
      entries = entry && 'commands' in entry ? entry.commands : undefined;
      if (entry && 'load' in entry) command = (await entry.load())(new Command(word));
    } else given += 1;
  }
  return { entries, command, given, option };
}

function takesValue(command: Command | undefined, word: string): boolean {
  if (word.includes('=')) return false;
  if (word === '--email' || word === '--url') return true;
  const option = optionOf(command, word);
  return option !== undefined && (option.required || option.optional);
}

function optionOf(command: Command | undefined, word: string): Option | undefined {
  return command?.options.find(({ long, short }) => word === long || word === short);
}

async function candidatesAt({ entries, command, given, option }: Place, last: string): Promise<Candidate[]> {
  if (option !== undefined) {
    const found = optionOf(command, option);
    if (option === '--service') return services();
    return plain(found?.argChoices ?? []);
  }
  if (last.startsWith('-'))
    return [
      ...(command?.options ?? []).map((one) => ({
        text: one.long ?? one.flags,
        description: one.description,
      })),
      ...globals,
    ];
  if (entries) return Object.entries(entries).map(([text, { description }]) => ({ text, description }));
  const wanted = command?.registeredArguments;
  const argument = wanted?.[given] ?? (wanted?.at(-1)?.variadic ? wanted.at(-1) : undefined);
  if (argument?.argChoices) return plain(argument.argChoices);
  if (argument?.name() === 'service' || argument?.name() === 'services') return services();
  if (argument?.name() === 'procedure') return procedures(last);
  return [];
}

function services(): Candidate[] {
  return plain([...serviceUrls().keys()]);
}

/** The services, until one is typed; then its procedures. */
async function procedures(last: string): Promise<Candidate[]> {
  const [service = '', ...rest] = last.split('.');
  if (rest.length === 0) return services().map(({ text }) => ({ text: `${text}.`, description: '' }));
  const known = await knownProcedures(service);
  return known.map(({ path, summary }) => ({ text: `${service}.${path}`, description: summary }));
}

function plain(texts: readonly string[]): Candidate[] {
  return texts.map((text) => ({ text, description: '' }));
}
