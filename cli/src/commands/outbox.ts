import { authContract } from '@arcadium/contracts/auth';
import { wikiContract } from '@arcadium/contracts/wiki';
import { connect, isCallError } from '@arcadium/mesh/client';
import type { Command } from 'commander';
import { asAdministrator, log, retryPolicy } from './administrator.ts';
import { commandTls } from '../tls.ts';
import { urlOf } from '../workspace.ts';
import { noSuch } from './choices.ts';
import { printList } from './print.ts';
import { examples } from './examples.ts';

const senders = ['auth', 'wiki'] as const;
type Sender = (typeof senders)[number];

/** Most ids in one call. */
const mostIds = 100;

type Outbox = ReturnType<typeof connectTo>['outbox'];
type Notice = Awaited<ReturnType<typeof allOf>>[number];

/** `outbox list [--service <name>] [--json]`. */
export function outboxList(self: Command): Command {
  return examples(self, 'outbox list --service wiki')
    .option('--service <name>', 'only of this service: auth or wiki')
    .option('--json', 'as JSON, with all fields')
    .action(({ service, json }: { service?: string; json?: boolean }, command: Command) =>
      withOutboxes(command, service, async (outboxes) => {
        const items: Notice[] = [];
        for (const [name, outbox] of outboxes) items.push(...(await allOf(name, outbox)));
        printList(items, ['id', 'userId', 'topic', 'title', 'givenUpAt', 'error'], { json });
      }),
    );
}

/** `outbox retry <id…>`, or `outbox retry --all [--service <name>]`. */
export function outboxRetry(self: Command): Command {
  examples(self, 'outbox retry wiki:42', 'outbox retry --all --service wiki');
  return changing(self, 'retry', (outbox, ids) => outbox.retry.mutate({ ids }));
}

/** `outbox drop <id…>`, or `outbox drop --all [--service <name>]`. */
export function outboxDrop(self: Command): Command {
  examples(self, 'outbox drop wiki:42');
  return changing(self, 'drop', (outbox, ids) => outbox.drop.mutate({ ids }));
}

type Options = { all?: boolean; service?: string; json?: boolean };

function changing(
  command: Command,
  name: string,
  change: (outbox: Outbox, ids: string[]) => Promise<{ changed: number }>,
): Command {
  return command
    .argument('[ids...]', 'as shown by "outbox list"')
    .option('--all', 'all that were given up')
    .option('--service <name>', 'with --all, only of this service: auth or wiki')
    .option('--json', 'the number of changed notifications as JSON')
    .addHelpText(
      'after',
      `\nExamples:\n  npm run mesh -- outbox ${name} wiki:1234\n  npm run mesh -- outbox ${name} --all --service wiki`,
    )
    .action((ids: string[], { all = false, service, json = false }: Options, self: Command) => {
      if (all === ids.length > 0) throw new Error('Give either the ids of notifications, or --all');
      return withOutboxes(self, service, async (outboxes) => {
        let total = 0;
        for (const [outbox, wanted] of await chosen(outboxes, all ? undefined : ids)) {
          for (let start = 0; start < wanted.length; start += mostIds)
            total += (await change(outbox, wanted.slice(start, start + mostIds))).changed;
        }
        console.log(json ? JSON.stringify({ changed: total }) : String(total));
      });
    });
}

/** The chosen ids, by outbox. @param given All ids if undefined. */
async function chosen(
  outboxes: ReadonlyMap<Sender, Outbox>,
  given: readonly string[] | undefined,
): Promise<[Outbox, string[]][]> {
  const lists = await Promise.all([...outboxes].map(([name, outbox]) => allOf(name, outbox)));
  const known = lists.flat().map(({ id }) => id);
  const unknown = given?.find((id) => !known.includes(id));
  if (unknown !== undefined) throw noSuch('notification that was given up', unknown, { choices: known });
  const wanted = given ?? known;
  return [...outboxes].map(([name, outbox]) => [
    outbox,
    [...new Set(wanted)].filter((id) => id.startsWith(`${name}:`)).map((id) => id.slice(name.length + 1)),
  ]);
}

/**
 * All given-up notifications of one service. Ids get the service's name as prefix, because each service
 * numbers its own.
 */
async function allOf(service: Sender, outbox: Outbox) {
  const all = [];
  let cursor: string | undefined;
  do {
    const { items, nextCursor } = await outbox.list.query({
      limit: 100,
      ...(cursor !== undefined && { cursor }),
    });
    for (const item of items) all.push({ ...item, id: `${service}:${item.id}` });
    cursor = nextCursor ?? undefined;
  } while (cursor !== undefined);
  return all;
}

async function withOutboxes(
  command: Command,
  service: string | undefined,
  work: (outboxes: ReadonlyMap<Sender, Outbox>) => Promise<void>,
): Promise<void> {
  const names = senders.filter((name) => service === undefined || name === service);
  if (names.length === 0) throw noSuch('service with an outbox', service ?? '', { choices: senders });
  await asAdministrator(command, async (_auth, token) => {
    await using clients = new AsyncDisposableStack();
    const outboxes = new Map(
      names.map((name) => [name, clients.use(connectTo(name, token)).outbox] as const),
    );
    try {
      await work(outboxes);
    } catch (error) {
      if (!isCallError(error)) throw error;
      throw new Error(`The outbox of ${names.join(' or ')} could not be used: ${error.message}`, {
        cause: error,
      });
    }
  });
}

function connectTo(service: Sender, token: string) {
  const options = { as: 'admin', url: urlOf(service), token, tls: commandTls(), log, retryPolicy } as const;
  // Both contracts have the same group.
  return service === 'wiki'
    ? (connect(wikiContract, options) as unknown as ReturnType<typeof connectToAuth>)
    : connectToAuth(options);
}

function connectToAuth(options: Parameters<typeof connect<typeof authContract, 'admin'>>[1]) {
  return connect(authContract, options);
}
