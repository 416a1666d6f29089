import { setTimeout as delay } from 'node:timers/promises';
import type { AuditEntry, AuditEvent } from '@arcadium/contracts/auth';
import { auditEvents } from '@arcadium/contracts/auth';
import { InvalidArgumentError, Option, type Command } from 'commander';
import { drawTable } from '../table.ts';
import { findAccount } from './account.ts';
import { openSession, type AuthClient } from './administrator.ts';
import { atLeastOne } from './numbers.ts';

/** Time between two looks of `--follow`, in milliseconds. */
const followEveryMs = 1000;

/** Longest time between the time of an entry and its commit, in milliseconds: longer than a transaction of auth. */
const latestCommitMs = 20_000;

/** Most entries in one answer of auth. */
const mostInPage = 100;

interface Options {
  actor?: string;
  action?: AuditEvent;
  subject?: string;
  since?: string;
  limit: number;
  follow?: boolean;
  json?: boolean;
}

/** `audit [--actor <who>] [--action <event>] [--subject <id>] [--since <time>] [--follow] [--json]`. */
export function audit(self: Command): Command {
  return self
    .option('--actor <who>', 'only what this user (email address or id) or this service did')
    .addOption(new Option('--action <event>', 'only this event').choices(auditEvents))
    .option('--subject <id>', 'only what was done to this: a user, token, session or key, or a procedure')
    .option(
      '--since <time>',
      'only from this time on: ISO 8601, or how long ago, such as 15m, 2h or 7d',
      sinceOf,
    )
    .option('--limit <count>', 'at most this many, the newest', atLeastOne, 100)
    .option('--follow', 'then go on with new entries as they come, until Ctrl-C')
    .option('--json', 'as JSON; with --follow, one entry a line')
    .addHelpText(
      'after',
      `
Examples:
  npm run mesh -- audit --since 1h
  npm run mesh -- audit --actor ann@example.com --action account.role-changed --json
  npm run mesh -- audit --action access.denied --follow`,
    )
    .action(run);
}

async function run(options: Options, command: Command): Promise<void> {
  const { limit, follow = false, json = false, since } = options;
  await using session = await openSession(command);
  const { auth } = session;
  const filter = await filterOf(auth, options);
  const known = follow ? await latestOf(auth, filter) : [];
  const newest = await newestOf(auth, { ...filter, ...(since !== undefined && { since }) }, limit);
  const entries = newest.toReversed();
  if (!follow) {
    console.log(json ? JSON.stringify(entries, undefined, 2) : table(entries));
    return;
  }
  const print = json ? (entry: AuditEntry) => console.log(JSON.stringify(entry)) : printLine;
  for (const entry of entries) print(entry);
  const ended = new AbortController();
  process.once('SIGINT', () => ended.abort());
  let seen: readonly AuditEntry[] = [...newest, ...known];
  while (await waited(ended.signal)) {
    await session.renew();
    const found = await newestOf(auth, { ...filter, ...windowOf(seen) }, Infinity);
    const ids = new Set(seen.map(({ id }) => id));
    for (const entry of found.toReversed()) if (!ids.has(entry.id)) print(entry);
    if (found.length > 0) seen = found;
  }
}

/** All in the window of the newest entry. */
async function latestOf(auth: AuthClient, filter: Filter): Promise<AuditEntry[]> {
  return newestOf(auth, { ...filter, ...windowOf(await newestOf(auth, filter, 1)) }, Infinity);
}

/** From when on there may be entries that are not committed yet, by the clock of auth. */
function windowOf(entries: readonly AuditEntry[]): { since?: string } {
  const times = entries.map(({ at }) => Date.parse(at));
  if (times.length === 0) return {};
  return { since: new Date(Math.max(...times) - latestCommitMs).toISOString() };
}

type Filter = NonNullable<Parameters<AuthClient['audit']['list']['query']>[0]>;

async function filterOf(auth: AuthClient, { actor, action, subject }: Options) {
  const id = actor?.includes('@') ? (await findAccount(auth, actor)).id : actor;
  return {
    ...(id !== undefined && { actor: id }),
    ...(action !== undefined && { event: action }),
    ...(subject !== undefined && { subject }),
  };
}

/** Newest first. */
async function newestOf(auth: AuthClient, filter: Filter, most: number): Promise<AuditEntry[]> {
  const items: AuditEntry[] = [];
  let cursor: string | undefined;
  do {
    const limit = Math.min(most - items.length, mostInPage);
    const page = await auth.audit.list.query({ ...filter, limit, ...(cursor !== undefined && { cursor }) });
    items.push(...page.items);
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined && items.length < most);
  return items;
}

/** @returns Whether to look again: false after Ctrl-C. */
async function waited(signal: AbortSignal): Promise<boolean> {
  await delay(followEveryMs, undefined, { signal }).catch(() => {});
  return !signal.aborted;
}

const columns = ['at', 'event', 'actor', 'subject', 'address', 'detail'] as const;

function table(entries: readonly AuditEntry[]): string {
  return drawTable([columns, ...entries.map(cellsOf)]);
}

function printLine(entry: AuditEntry): void {
  console.log(cellsOf(entry).filter(Boolean).join('  '));
}

function cellsOf({ at, event, actor, subject, address, detail }: AuditEntry): string[] {
  const facts = Object.entries(detail).map(([name, value]) => `${name}=${String(value)}`);
  const who = [actor.kind, actor.id].filter(Boolean).join(' ');
  return [at, event, who, subject ?? '', address ?? '', facts.join(' ')];
}

const unitsMs = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** An ISO time as given, or of that long ago. */
function sinceOf(text: string): string {
  const [, count, unit] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  const at = unit ? Date.now() - Number(count) * unitsMs[unit as keyof typeof unitsMs] : Date.parse(text);
  if (Number.isNaN(at) || !(unit || /^\d{4}-\d\d/.test(text)))
    throw new InvalidArgumentError(
      'It must be a time such as 2026-01-31T12:00:00Z, or such as 15m, 2h or 7d.',
    );
  return new Date(at).toISOString();
}
