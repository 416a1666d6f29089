import { Command, type Argument, type Option } from 'commander';
import { z } from 'zod';
import type { Entry, Group } from '../command-entry.ts';

/** A command as a tool. */
export interface Tool {
  /** Such as `db_status`. */
  readonly name: string;
  readonly description: string;
  /** Of its arguments and options, by name. */
  readonly input: z.ZodObject;
  /** The words of the command line for an input that fits. */
  words(input: Readonly<Record<string, unknown>>): string[];
}

/** Options of any command that a tool does not have: the first two never end, the last is always given. */
const neverOptions = new Set(['watch', 'follow', 'json']);

/** The tools of a table: every command that is marked as read-only. */
export async function toolsOf(table: Readonly<Record<string, Entry | Group>>): Promise<Tool[]> {
  const entries = Object.entries(table).flatMap(([name, entry]): [string[], Entry][] =>
    'commands' in entry
      ? Object.entries(entry.commands).map(([second, one]) => [[name, second], one])
      : [[[name], entry]],
  );
  const marked = entries.filter(([, { readOnly }]) => readOnly !== undefined);
  return Promise.all(marked.map(([words, entry]) => toolOf(words, entry)));
}

async function toolOf(path: readonly string[], { description, load, readOnly }: Entry): Promise<Tool> {
  const command = (await load())(new Command(path.at(-1)));
  const { always, never } = typeof readOnly === 'object' ? readOnly : { always: [], never: [] };
  const left = new Set([...neverOptions, ...never, ...always].map((name) => name.replace(/^--/, '')));
  const options = command.options.filter(({ long }) => long && !left.has(long.slice(2)));
  const fixed = [...always, ...(command.options.some(({ long }) => long === '--json') ? ['--json'] : [])];
  const args = command.registeredArguments;
  const shape = Object.fromEntries<z.ZodType>([
    ...args.map((one) => [one.name(), argumentSchema(one)] as const),
    ...options.map((one) => [one.attributeName(), optionSchema(one)] as const),
  ]);
  return {
    name: path.join('_'),
    description,
    input: z.strictObject(shape),
    words: (input) => [
      ...path,
      ...fixed,
      ...options.flatMap((one) => optionWords(one, input[one.attributeName()])),
      // What follows is never taken for an option.
      '--',
      ...args.flatMap((one) => textsOf(input[one.name()])),
    ],
  };
}

function argumentSchema({ description, required, variadic, argChoices }: Argument): z.ZodType {
  const one = valueSchema(argChoices);
  const all = variadic ? z.array(one) : one;
  return (required ? all : all.optional()).describe(description);
}

function optionSchema(option: Option): z.ZodType {
  const { description, argChoices, mandatory, variadic, defaultValue } = option;
  const one = option.isBoolean() ? z.boolean() : valueSchema(argChoices);
  const all = variadic ? z.array(one) : one;
  return (mandatory && defaultValue === undefined ? all : all.optional()).describe(description);
}

/** Models write counts as numbers. */
function valueSchema(choices: readonly string[] | undefined): z.ZodType {
  return choices ? z.enum(choices) : z.union([z.string(), z.number()]);
}

/** In one word, so that no value is taken for an option. */
function optionWords({ long }: Option, value: unknown): string[] {
  if (typeof value === 'boolean') return value ? [String(long)] : [];
  return textsOf(value).map((text) => `${long}=${text}`);
}

function textsOf(value: unknown): string[] {
  if (Array.isArray(value)) return value.map(String);
  return typeof value === 'string' || typeof value === 'number' ? [String(value)] : [];
}
