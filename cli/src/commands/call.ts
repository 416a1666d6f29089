import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { JsonSchema, ProcedureDescription } from '@arcadium/mesh/contract';
import { header } from '@arcadium/mesh/client';
import type { Command } from 'commander';
import { z } from 'zod';
import { callerFor, credentialsOf } from '../call/credentials.ts';
import { describeService } from '../call/described-service.ts';
import { findProcedure } from '../call/find-procedure.ts';
import { onceLoggedIn } from '../call/log-in.ts';
import { CallFailed, send, subscribe, type OutgoingCall } from '../call/send.ts';
import { printList } from './print.ts';
import { examples } from './examples.ts';

/** Time between two calls of `--watch`, in milliseconds. */
const watchEveryMs = 1000;

interface Options {
  data?: string;
  as?: string;
  key?: string;
  timeout?: string;
  watch?: boolean;
  queriesOnly?: boolean;
  json?: boolean;
}

/** `call <service>.<procedure> [input]`; with a service or a group alone, lists its procedures. */
export function call(self: Command): Command {
  return examples(
    self,
    'call wiki',
    `call wiki.pages.get '{"slug":"hello"}'`,
    'call wiki.pages.create -d @page.json --as user --key first-page',
    'call notification.notifications.watch --as user',
  )
    .argument('<procedure>', 'such as wiki.pages.get; a service or a group alone lists its procedures')
    .argument('[input]', `JSON, such as '{"slug":"hello"}'`)
    .option('-d, --data <input>', 'the input as JSON; @file reads a file, @- standard input')
    .option(
      '--as <caller>',
      'anyone, user (the administrator) or the name of a service (default: the least that the procedure admits)',
    )
    .option('--key <key>', 'idempotency key: the same key again gets the first answer')
    .option('--timeout <ms>', 'time for the call, in milliseconds')
    .option('--watch', 'call a query each second, and print what changed')
    .option('--queries-only', 'refuse anything but a query')
    .option('--json', 'one line of JSON for each answer')
    .action(run);
}

async function run(
  name: string,
  given: string | undefined,
  options: Options,
  command: Command,
): Promise<void> {
  const [service = '', ...rest] = name.split('.');
  const logIn = onceLoggedIn(command);
  const described = await describeService(service, logIn);
  const found = findProcedure(described, rest.join('.'));
  if (!('path' in found)) {
    list(service, found, options);
    return;
  }
  if (options.queriesOnly && found.kind !== 'query')
    throw new Error(`${name} is a ${found.kind}; only queries are allowed here, and nothing was sent`);
  const input = checked(found, inputOf(given, options.data));
  const { key, timeout } = options;
  const headers = {
    ...(await credentialsOf(callerFor(found, options.as), logIn)),
    ...(key !== undefined && { [header.idempotencyKey]: key }),
    ...(timeout !== undefined && { [header.timeoutMs]: timeout }),
  };
  const ended = new AbortController();
  process.once('SIGINT', () => ended.abort());
  try {
    const { signal } = ended;
    const { url } = described;
    for await (const answer of answers(found, { url, path: found.path, input, headers, signal }, options))
      console.log(options.json ? JSON.stringify(answer) : JSON.stringify(answer, undefined, 2));
  } catch (error) {
    if (ended.signal.aborted) return;
    if (!(error instanceof CallFailed)) throw error;
    throw new Error(explain(error), { cause: error });
  }
}

async function* answers(
  { kind }: ProcedureDescription,
  outgoing: OutgoingCall,
  { watch = false }: Options,
): AsyncGenerator {
  if (kind === 'subscription') {
    yield* subscribe(outgoing);
    return;
  }
  if (watch && kind !== 'query') throw new Error('--watch is for queries');
  for (let last: string | undefined; ;) {
    const answer = (await send(outgoing)) ?? null;
    const text = JSON.stringify(answer);
    if (text !== last) yield answer;
    last = text;
    if (!watch) return;
    await delay(watchEveryMs, undefined, { signal: outgoing.signal });
  }
}

function list(service: string, found: readonly ProcedureDescription[], { json }: Options): void {
  const rows = found.map(({ path, kind, summary, access }) => ({
    procedure: `${service}.${path}`,
    kind,
    for: access.words,
    summary,
  }));
  printList(rows, ['procedure', 'kind', 'for', 'summary'], { json });
}

/** @returns Undefined for none. @throws Error if both are given, or the text is not JSON. */
function inputOf(given: string | undefined, data: string | undefined): unknown {
  if (given !== undefined && data !== undefined)
    throw new Error('Give the input either after the procedure or with --data');
  const text = data?.startsWith('@')
    ? readFileSync(data === '@-' ? 0 : data.slice(1), 'utf8')
    : (given ?? data);
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error(`The input is not JSON: ${(error as Error).message}`, { cause: error });
  }
}

/** Compares the input with the schema that the service told. @throws Error that says where it does not fit. */
function checked({ path, input: schema, inputOptional }: ProcedureDescription, input: unknown): unknown {
  if (schema === null) {
    if (input !== undefined) throw new Error(`${path} takes no input`);
    return undefined;
  }
  if (input === undefined && inputOptional) return undefined;
  const { error } = readable(schema).safeParse(input);
  if (!error) return input;
  const problems = error.issues.map((issue) => [issue.path.join('.'), issue.message].join(' ').trim());
  throw new Error(
    `The input does not fit, and nothing was sent: ${problems.join('; ')}. ${path} takes ${JSON.stringify(schema)}`,
  );
}

/**
 * A JSON Schema that zod cannot read admits everything: the service checks the input too. So does a pattern with flags, which
 * zod would compile without them.
 */
function readable(schema: JsonSchema): z.ZodType {
  try {
    const read = JSON.stringify(schema, (_key, part: unknown) => {
      if (typeof part !== 'object' || part === null || !('x-flags' in part)) return part;
      return { ...part, pattern: undefined };
    });
    return z.fromJSONSchema(JSON.parse(read) as JsonSchema);
  } catch {
    return z.unknown();
  }
}

/** Code, typed error and request id of a failed call, for the terminal. */
function explain({ shape: { message, data } }: CallFailed): string {
  const { code, error, issues, requestId } = data;
  const facts = [
    error && `${error.name} ${JSON.stringify(error.data)}`.replace(/ {}$/, ''),
    ...(issues ?? []).map((issue) => [issue.path.join('.'), issue.message].join(' ').trim()),
    (code === 'UNAUTHORIZED' || code === 'FORBIDDEN') && 'see --as',
    requestId !== undefined && `request ${requestId}`,
  ];
  return `${code}: ${[message, ...facts.filter(Boolean)].join('; ')}`;
}
