import { randomUUID } from 'node:crypto';
import {
  currentScope,
  openTelemetry,
  scopes,
  tracing,
  startTrace,
  type TraceContext,
} from '@arcadium/mesh/telemetry';
import { recordingLogger, startOtlpReceiver, type OtlpReceiver } from '@arcadium/mesh/testing';
import { MeshError } from '@arcadium/mesh/contract';
import { PrismaClient } from '@arcadium/prisma/auth';
import { notificationOutbox, type QueuedNotification } from '@arcadium/prisma/notification-outbox';
import { createTestDatabase, type TestDatabase } from '@arcadium/prisma/testing';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { openDatabase, type Database } from '../database/database.ts';
import { fromPrisma } from '../sql/prisma.ts';
import { createOutboxRelay, produce, type OutboxRelayOptions } from './index.ts';

const log = recordingLogger();
const backoff = { baseMs: 10, maxMs: 10, jitter: 0 };
let testDatabase: TestDatabase;
let database: Database<PrismaClient>;

beforeAll(async () => {
  testDatabase = await createTestDatabase(['auth']);
  database = openDatabase({ url: testDatabase.url('auth'), schema: 'auth', client: PrismaClient, log });
});
afterAll(async () => {
  await database.close();
  await testDatabase.drop();
});

/** Writes a message as a call does that is part of a trace. */
function write(body: string, trace: TraceContext): Promise<unknown> {
  const scope = { requestId: 'r', trace, deadline: Infinity, signal: new AbortController().signal };
  const data = { body, userIds: [randomUUID()], topic: 'security', title: 'Title', link: '/' };
  return scopes.run(scope, () =>
    produce(notificationOutbox, (traceparent) =>
      database.client.notificationOutbox.create({ data: { ...data, traceparent } }),
    ),
  );
}

/** Delivers what waits. */
async function deliver(send: OutboxRelayOptions<QueuedNotification>['send']): Promise<void> {
  const relay = createOutboxRelay<QueuedNotification>({
    service: 'auth',
    tables: notificationOutbox,
    database: fromPrisma(database.client, { schema: 'auth' }),
    databaseUrl: testDatabase.url('auth'),
    send,
    log,
    pollMs: 20,
    backoff,
  });
  relay.start();
  await vi.waitFor(async () => expect(await database.client.notificationOutbox.count()).toBe(0));
  await relay.stop();
}

const ofName = ({ spans }: OtlpReceiver, name: string) => spans.filter((span) => span.name === name);

test('messages of several traces in one call each have a span in their own; the call is in the first', async () => {
  await using receiver = await startOtlpReceiver();
  const traces = [startTrace(true), startTrace(true)] as const;
  const seen: unknown[] = [];
  {
    await using _on = await openTelemetry({ service: 'auth', version: '1', log, endpoint: receiver.url });
    await write('one', traces[0]);
    await write('two', traces[1]);
    await write('not recorded', startTrace(false));
    let calls = 0;
    await deliver(async (messages) => {
      seen.push([messages.length, currentScope()?.trace?.traceId]);
      calls += 1;
      if (calls === 1) throw new MeshError('SERVICE_UNAVAILABLE', 'away');
      return { undelivered: [] };
    });
    expect(tracing.tracer).toBeDefined();
  }
  const sends = ofName(receiver, 'notification_outbox send');
  expect(sends.map(({ kind, parentId, traceId }) => ({ kind, parentId, traceId }))).toEqual(
    traces.map(({ traceId, spanId }) => ({ kind: 'producer', parentId: spanId, traceId })),
  );
  const [first, second] = ofName(receiver, 'notification_outbox process');
  expect(seen[0]).toEqual([3, first?.traceId]);
  expect([first, second].map((span) => span?.parentId).toSorted()).toEqual(
    sends.map(({ spanId }) => spanId).toSorted(),
  );
  expect(first).toMatchObject({ kind: 'consumer', failed: true, links: [] });
  expect(second).toMatchObject({ failed: true, links: [first?.spanId] });
  const last = ofName(receiver, 'notification_outbox process').slice(2);
  expect(last.map(({ failed, attributes }) => [failed, attributes['mesh.outbox.attempt']])).toEqual([
    [false, 2],
    [false, 2],
  ]);
});

test('with tracing off, a message keeps the trace of its caller for the services that it reaches', async () => {
  const trace = startTrace(true);
  await write('one', trace);
  const seen: unknown[] = [];
  await deliver(async () => {
    seen.push(currentScope()?.trace);
    return { undelivered: [] };
  });
  expect(seen).toEqual([trace]);
});
