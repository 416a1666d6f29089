import { randomUUID } from 'node:crypto';
import { authContract } from '@arcadium/contracts/auth';
import { connect } from '@arcadium/mesh/client';
import { DenialReporter, type DenialReport } from '@arcadium/mesh/server';
import { createTestIdentity, silentLogger, type TestIdentity } from '@arcadium/mesh/testing';
import { openDatabase, type Database } from '@arcadium/postgres/database';
import { findFreePort } from '@arcadium/postgres/testing-cluster';
import { PrismaClient } from '@arcadium/prisma/auth';
import { createTestDatabase, type TestDatabase } from '@arcadium/prisma/testing';
import { safe } from '@trpc/client';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { startApp } from './app.ts';
import { testConfig } from './testing/config.ts';
import { recordAudit } from './stores/audit-log.ts';

let identity: TestIdentity;
let testDatabase: TestDatabase;
let traffic: Database<PrismaClient>;
let app: Awaited<ReturnType<typeof startApp>>;
let url: string;

beforeAll(async () => {
  identity = await createTestIdentity();
  testDatabase = await createTestDatabase(['auth']);
  url = `http://127.0.0.1:${await findFreePort()}`;
  const config = await testConfig({ url, identity, database: testDatabase });
  app = await startApp(config, new AbortController().signal);
  traffic = openAuth(testDatabase.url('auth'));
});

afterAll(async () => {
  await app.stop();
  await traffic.close();
  await testDatabase.drop();
});

function openAuth(databaseUrl: string): Database<PrismaClient> {
  return openDatabase({ url: databaseUrl, schema: 'auth', client: PrismaClient, log: silentLogger });
}

const asAdmin = async () =>
  connect(authContract, {
    as: 'admin',
    url,
    token: await identity.userToken({ role: 'admin' }),
    log: silentLogger,
  });
const asService = async (name: string) =>
  connect(authContract, { as: 'service', url, token: await identity.serviceToken(name), log: silentLogger });

type Denial = Parameters<
  Awaited<ReturnType<typeof asService>>['audit']['report']['mutate']
>[0]['entries'][number];

const denial = (some: Partial<Denial> = {}): Denial => ({
  id: randomUUID(),
  since: new Date().toISOString(),
  count: 3,
  caller: { kind: 'user', id: randomUUID() },
  userId: null,
  procedure: 'pages.create',
  reason: 'not-admitted',
  message: 'This caller may not call this procedure',
  mode: 'enforce',
  address: '192.0.2.1',
  requestId: 'request-1',
  ...some,
});

async function record(subject: string, count = 1): Promise<void> {
  for (let n = 0; n < count; n += 1)
    await recordAudit(traffic.client, {
      event: 'account.locked',
      actor: { kind: 'system', id: null },
      subject,
    });
}

describe('audit.list', () => {
  test('has each entry once, the latest first, however many answers it takes', async () => {
    const subject = randomUUID();
    await record(subject, 7);
    const admin = await asAdmin();
    const seen: string[] = [];
    let cursor: string | null | undefined;
    while (cursor !== null) {
      const page = await admin.audit.list.query({
        limit: 3,
        subject,
        ...(cursor !== undefined && { cursor }),
      });
      seen.push(...page.items.map(({ id }) => id));
      cursor = page.nextCursor;
    }
    const stored = await traffic.client.auditEntry.findMany({
      where: { subject },
      orderBy: [{ at: 'desc' }, { id: 'desc' }],
    });
    expect(seen).toHaveLength(7);
    expect(seen).toEqual(stored.map(({ id }) => id));
  });

  test('takes entries of one moment apart by their ids', async () => {
    const subject = randomUUID();
    // One statement, so that all rows have the same time.
    await traffic.pool.query(
      `INSERT INTO auth.audit_log (id, event, actor_kind, subject)
       SELECT uuidv7(), 'account.locked', 'system', $1 FROM generate_series(1, 5)`,
      [subject],
    );
    const admin = await asAdmin();
    const first = await admin.audit.list.query({ limit: 2, subject });
    const second = await admin.audit.list.query({ subject, cursor: first.nextCursor ?? 'none' });
    const ids = [...first.items, ...second.items].map(({ id }) => id);
    expect(ids).toHaveLength(5);
    expect(ids).toEqual(ids.toSorted().toReversed());
  });

  test('is narrowed by event and by subject', async () => {
    const [one, other] = [randomUUID(), randomUUID()];
    await record(one);
    await record(other);
    await recordAudit(traffic.client, {
      event: 'account.opened',
      actor: { kind: 'anyone', id: null },
      subject: one,
      request: { peer: { address: '192.0.2.7', userAgent: 'x' }, requestId: 'request-7' },
      detail: { role: 'user' },
    });
    const admin = await asAdmin();
    const { items } = await admin.audit.list.query({ subject: one });
    expect(items.map(({ event }) => event)).toEqual(['account.opened', 'account.locked']);
    expect(await admin.audit.list.query({ subject: one, event: 'account.opened' })).toEqual({
      items: [
        {
          id: expect.any(String),
          at: expect.any(String),
          event: 'account.opened',
          actor: { kind: 'anyone', id: null },
          subject: one,
          address: '192.0.2.7',
          requestId: 'request-7',
          detail: { role: 'user' },
        },
      ],
      nextCursor: null,
    });
    const locked = await admin.audit.list.query({ event: 'account.locked', limit: 100 });
    expect(new Set(locked.items.map(({ event }) => event))).toEqual(new Set(['account.locked']));
  });

  test.each([{ event: 'nothing' }, { cursor: 'AAAA' }, { limit: 101 }, { subject: 'a\0b' }, { subject: '' }])(
    'refuses %j',
    async (input) => {
      const [, error] = await safe((await asAdmin()).audit.list.query(input as { limit: number }));
      expect(error?.data?.code).toBe('BAD_REQUEST');
    },
  );

  test.each([
    ["event = 'session.ended'", 'audit_log_event_at_id_idx'],
    ["subject = 'subject-3'", 'audit_log_subject_at_id_idx'],
    ['at <= now() AND (at < now() OR id < uuidv7())', 'audit_log_at_id_idx'],
  ])('reads no more than it answers with where %s', async (where, index) => {
    const owner = openAuth(testDatabase.ownerUrl('auth'));
    await owner.pool.query(
      `INSERT INTO auth.audit_log (id, at, event, actor_kind, subject)
       SELECT uuidv7(), now() - n * interval '1 s', CASE n % 5 WHEN 0 THEN 'session.ended' ELSE 'session.login' END,
         'user', 'subject-' || n % 10 FROM generate_series(1, 5000) n`,
    );
    await owner.pool.query('ANALYZE auth.audit_log');
    const { rows } = await owner.pool.query<{ 'QUERY PLAN': string }>(
      `EXPLAIN SELECT * FROM auth.audit_log WHERE ${where} ORDER BY at DESC, id DESC LIMIT 20`,
    );
    await owner.close();
    const plan = rows.map((row) => row['QUERY PLAN']).join('\n');
    expect(plan).toContain(`Index Scan Backward using ${index}`);
    expect(plan).not.toContain('Sort');
  });
});

describe('audit.report', () => {
  test('records what a service says as its claim: the actor and the address are those of the report', async () => {
    const wiki = await asService('wiki');
    const entry = denial({ caller: { kind: 'service', id: 'baker' }, userId: 'ann' });
    const before = Date.now();
    await wiki.audit.report.mutate({ entries: [entry] });
    const { items } = await (await asAdmin()).audit.list.query({ event: 'access.denied' });
    const found = items.find(({ id }) => id === entry.id);
    expect(found).toEqual({
      id: entry.id,
      at: expect.any(String),
      event: 'access.denied',
      actor: { kind: 'service', id: 'wiki' },
      subject: 'wiki.pages.create',
      address: '127.0.0.1',
      requestId: expect.not.stringContaining('request-1'),
      detail: {
        service: 'wiki',
        claimedKind: 'service',
        claimedId: 'baker',
        claimedUserId: 'ann',
        claimedAddress: '192.0.2.1',
        claimedRequestId: 'request-1',
        since: entry.since,
        count: 3,
        reason: 'not-admitted',
        message: entry.message,
        mode: 'enforce',
      },
    });
    expect(Date.parse(found?.at ?? '')).toBeGreaterThan(before - 60_000);
  });

  test('a service that blames a person leaves nothing that names the person as actor, or any address but its own', async () => {
    const [framed, stranger] = [randomUUID(), await asService('framer')];
    const entries = Array.from({ length: 100 }, () =>
      denial({ caller: { kind: 'user', id: framed }, address: '198.51.100.7', count: 100_000 }),
    );
    await stranger.audit.report.mutate({ entries });
    const rows = await traffic.client.auditEntry.findMany({
      where: { id: { in: entries.map(({ id }) => id) } },
    });
    const columns = new Set(
      rows.map(({ actorKind, actorId, address }) => `${actorKind} ${actorId} ${address}`),
    );
    expect([...columns]).toEqual(['service framer 127.0.0.1']);
    expect(await traffic.client.auditEntry.count({ where: { actorId: framed } })).toBe(0);
    expect(await traffic.client.auditEntry.count({ where: { subject: framed } })).toBe(0);
  });

  test('all that the reporter of the mesh makes of very many denials is taken', async () => {
    const batches: (readonly DenialReport[])[] = [];
    const send = (batch: readonly DenialReport[]) => Promise.resolve(batches.push(batch));
    const reporter = new DenialReporter({ send, log: silentLogger });
    const ann = { id: randomUUID(), name: 'Ann', role: 'user', tokenId: 'x', expiresAt: 0 } as const;
    for (let n = 0; n < 250_001; n += 1) {
      reporter.add({
        procedure: 'pages.create',
        caller: { service: undefined, user: ann },
        reason: 'not-admitted',
        message: 'no',
        mode: 'enforce',
        peer: { address: '192.0.2.1', userAgent: undefined },
        requestId: 'request-1',
      });
    }
    await reporter.stop();
    const entries = batches.flat();
    expect(entries.map(({ count }) => count)).toEqual([100_000, 100_000, 50_001]);
    await (await asService('wiki')).audit.report.mutate({ entries });
    const ids = entries.map(({ id }) => id);
    expect(await traffic.client.auditEntry.count({ where: { id: { in: ids } } })).toBe(3);
  });

  test('the same entries again, also among others and by another service, change nothing', async () => {
    const [wiki, baker] = [await asService('wiki'), await asService('baker')];
    const [one, two, three] = [denial(), denial(), denial()];
    await wiki.audit.report.mutate({ entries: [one, two] });
    await Promise.all([
      wiki.audit.report.mutate({ entries: [one, two] }),
      wiki.audit.report.mutate({ entries: [two, three] }),
      baker.audit.report.mutate({ entries: [{ ...one, procedure: 'loaves.bake' }, three] }),
    ]);
    const rows = await traffic.client.auditEntry.findMany({
      where: { id: { in: [one.id, two.id, three.id] } },
    });
    expect(rows).toHaveLength(3);
    expect(rows.find(({ id }) => id === one.id)?.subject).toBe('wiki.pages.create');
  });

  test.each<[string, Partial<Denial>[]]>([
    ['no entry', []],
    ['101 entries', Array.from({ length: 101 }, () => ({}))],
    ['an id that is none', [{ id: 'x' }]],
    ['a procedure with a space', [{ procedure: 'pages create' }]],
    ['a message of several lines', [{ message: 'a\nb' }]],
    ['no denial at all', [{ count: 0 }]],
    ['more denials than anyone has counted', [{ count: 100_001 }]],
    ['one bad entry among good ones', [{}, { address: 'a\0b' }, {}]],
  ])('refuses %s, and writes nothing', async (_what, some) => {
    const count = () => traffic.client.auditEntry.count({ where: { event: 'access.denied' } });
    const before = await count();
    const [, error] = await safe(
      (await asService('wiki')).audit.report.mutate({ entries: some.map((one) => denial(one)) }),
    );
    expect(error?.data).toMatchObject({
      code: 'BAD_REQUEST',
      issues: [{ path: expect.arrayContaining(['entries']) }],
    });
    expect(await count()).toBe(before);
  });

  test('admits services and nobody else', async () => {
    const report = async (authorization: string) => {
      const answer = await fetch(`${url}/trpc/audit.report`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization },
        body: JSON.stringify({ entries: [denial()] }),
      });
      return answer.status;
    };
    expect(await report(`Bearer ${await identity.userToken({ role: 'admin' })}`)).toBe(403);
    expect(await report(`Service-Token ${await identity.serviceToken('stranger')}`)).toBe(200);
  });
});

test('what auth itself denies is recorded: who is not admitted, and bad credentials', async () => {
  const ann = randomUUID();
  const token = await identity.userToken({ id: ann });
  const ask = (authorization: string, requestId: string) =>
    fetch(`${url}/trpc/users.list`, { headers: { authorization, 'x-request-id': requestId } });
  expect((await ask(`Bearer ${token}`, 'denied-1')).status).toBe(403);
  expect((await ask(`Bearer ${token}x`, 'denied-2')).status).toBe(401);
  const admin = await asAdmin();
  const denials = await vi.waitFor(async () => {
    const { items } = await admin.audit.list.query({ event: 'access.denied', subject: 'auth.users.list' });
    expect(items.map(({ requestId }) => requestId).toSorted()).toEqual(['denied-1', 'denied-2']);
    return items.toSorted((a, b) => String(a.requestId).localeCompare(String(b.requestId)));
  });
  expect(denials).toMatchObject([
    { actor: { kind: 'user', id: ann }, address: '127.0.0.1', detail: { reason: 'not-admitted', count: 1 } },
    {
      actor: { kind: 'anyone', id: null },
      address: '127.0.0.1',
      detail: {
        reason: 'bad-credentials',
        message: 'The user token is refused: its signature is wrong',
      },
    },
  ]);
});

describe('the table is append-only', () => {
  const changes = [
    `UPDATE auth.audit_log SET event = 'x'`,
    `UPDATE auth.audit_log SET event = 'x' WHERE false`,
    'DELETE FROM auth.audit_log',
    'DELETE FROM auth.audit_log WHERE false',
    'TRUNCATE auth.audit_log',
    'TRUNCATE auth.audit_log CASCADE',
    `INSERT INTO auth.audit_log (id, event, actor_kind) SELECT id, event, actor_kind FROM auth.audit_log
       ON CONFLICT (id) DO UPDATE SET event = 'x'`,
    `MERGE INTO auth.audit_log USING (SELECT 1) one ON true WHEN MATCHED THEN DELETE`,
  ];
  const rights = [
    'ALTER TABLE auth.audit_log DISABLE TRIGGER audit_log_append_only',
    'ALTER TABLE auth.audit_log DISABLE TRIGGER ALL',
    'DROP TRIGGER audit_log_append_only ON auth.audit_log',
    'DROP TABLE auth.audit_log',
    'ALTER TABLE auth.audit_log RENAME TO gone',
    'ALTER TABLE auth.audit_log OWNER TO CURRENT_USER',
    'DROP FUNCTION auth.refuse_change() CASCADE',
    `CREATE OR REPLACE FUNCTION auth.refuse_change() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'`,
    `CREATE RULE away AS ON INSERT TO auth.audit_log DO INSTEAD NOTHING`,
    'SET session_replication_role = replica',
    `SET ROLE test_auth_owner`,
  ];
  const rows = async () => {
    const { rows: found } = await traffic.pool.query<{ sum: string }>(
      `SELECT count(*) || md5(string_agg(t::text, '' ORDER BY id)) AS sum FROM auth.audit_log t`,
    );
    return found[0]?.sum;
  };

  test.each(changes)('%s is refused to traffic, and to the owner', async (sql) => {
    await record('kept');
    const before = await rows();
    await expect(traffic.pool.query(sql)).rejects.toThrow(/append-only|permission denied/);
    const owner = openAuth(testDatabase.ownerUrl('auth'));
    await expect(owner.pool.query(sql)).rejects.toThrow('append-only');
    await owner.close();
    expect(await rows()).toBe(before);
  });

  test.each(rights)('traffic may not %s', async (sql) => {
    const before = await rows();
    const connection = await traffic.pool.connect();
    try {
      await expect(connection.query(sql)).rejects.toMatchObject({
        code: '42501',
        message: expect.stringMatching(/permission denied|must be owner/),
      });
    } finally {
      connection.release(true);
    }
    await expect(traffic.pool.query('DELETE FROM auth.audit_log')).rejects.toThrow(
      /append-only|permission denied/,
    );
    expect(await rows()).toBe(before);
  });
});
