import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openAuth, type TestAuth } from '../../testing/service.ts';

let auth: TestAuth;
let root: Awaited<ReturnType<TestAuth['newPerson']>>;
beforeAll(async () => {
  auth = await openAuth();
  root = await auth.newPerson({ role: 'admin' });
});
afterAll(() => auth.close());

test('the log is narrowed by who did it, and by time, page by page', async () => {
  const [actor, subject] = [randomUUID(), randomUUID()];
  const [early, late] = ['2026-01-01T00:00:00.000Z', '2026-01-01T00:00:00.001Z'];
  await auth.client.auditEntry.createMany({
    data: [early, late].flatMap((at) =>
      [actor, randomUUID()].map((actorId) => ({
        at,
        event: 'account.enabled',
        actorKind: 'user',
        actorId,
        subject,
      })),
    ),
  });
  const list = async (input: { actor?: string; subject?: string; since?: string }) =>
    (await auth.call('audit.list', root.caller, input)).items.map((entry) => [entry.at, entry.actor.id]);
  expect(await list({ actor })).toEqual([
    [late, actor],
    [early, actor],
  ]);
  expect(await list({ actor, since: late })).toEqual([[late, actor]]);
  expect(await list({ subject, since: early })).toHaveLength(4);
  expect(await list({ actor: 'wiki', subject })).toEqual([]);
  // The cursor and the time hold together.
  const input = { subject, since: late, limit: 1 } as const;
  const { nextCursor } = await auth.call('audit.list', root.caller, input);
  const rest = await auth.call('audit.list', root.caller, { ...input, cursor: nextCursor ?? 'none' });
  expect(rest).toMatchObject({ items: [{ at: late }], nextCursor: null });
});
