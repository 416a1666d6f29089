import type { RevocationEvent } from '@arcadium/contracts/auth';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { startReplicas, type Replicas } from '../../testing/replicas.ts';

let auth: Replicas;
beforeAll(async () => {
  auth = await startReplicas(2);
});
afterAll(() => auth[Symbol.asyncDispose]());

test('what one replica revokes, a follower of the other learns, and can go on from where it was', async () => {
  const admin = await auth.asAdmin(0);
  const follower = await auth.asService('wiki', { replica: 1 });
  const seen: { id: string; event: RevocationEvent; at: number }[] = [];
  const watch = (lastEventId?: string) =>
    follower.revocations.watch.subscribe(lastEventId === undefined ? undefined : { lastEventId }, {
      onData: ({ id, data: event }) => void seen.push({ id, event, at: performance.now() }),
    });
  const first = watch();
  await vi.waitFor(() => expect(seen[0]?.event).toMatchObject({ complete: true, reset: false }), 5000);
  const { tokenId } = await admin.serviceTokens.issue.mutate({ service: 'wiki' });
  await admin.serviceTokens.revoke.mutate({ tokenId });
  const revokedAt = performance.now();
  const told = () => seen.find(({ event }) => event.items.some(({ id }) => id === tokenId));
  await vi.waitFor(() => expect(told()).toBeDefined(), 5000);
  expect((told()?.at ?? Infinity) - revokedAt).toBeLessThan(1000);
  expect(told()?.id).toBe(String(told()?.event.position));
  const beats = () => seen.filter(({ event }) => event.items.length === 0);
  const before = beats().length;
  await vi.waitFor(() => expect(beats().length).toBeGreaterThan(before + 1), 5000);
  first.unsubscribe();

  seen.length = 0;
  const next = await admin.serviceTokens.issue.mutate({ service: 'wiki' });
  await admin.serviceTokens.revoke.mutate({ tokenId: next.tokenId });
  const position = (await follower.revocations.list.query()).position;
  const second = watch(String(position - 1));
  await vi.waitFor(() => expect(seen[0]?.event.items.map(({ id }) => id)).toEqual([next.tokenId]), 5000);
  second.unsubscribe();
});

test('what expired a moment ago is told as well: by the clock of who asks it may not have', async () => {
  const expired = (jti: string, agoMs: number) => ({
    jti,
    reason: 'revoked',
    expiresAt: new Date(Date.now() - agoMs),
  });
  const data = [expired('just now', 30_000), expired('long ago', 120_000)];
  await auth.stored.tokenBlacklist.createMany({ data });
  const admin = await auth.asAdmin();
  const listed = (await admin.revocations.list.query()).items.map(({ id }) => id);
  expect([listed.includes('just now'), listed.includes('long ago')]).toEqual([true, false]);
  const told: string[] = [];
  const watching = admin.revocations.watch.subscribe(undefined, {
    onData: ({ data: event }) => void told.push(...event.items.map(({ id }) => id)),
  });
  await vi.waitFor(() => expect(told).toContain('just now'), 5000);
  expect(told).not.toContain('long ago');
  watching.unsubscribe();
});

test('the list tells the same, in parts, and begins anew beyond its end', async () => {
  const admin = await auth.asAdmin();
  const made = await Promise.all(
    [1, 2, 3].map(() => admin.serviceTokens.issue.mutate({ service: 'notification' })),
  );
  const { position: after } = await admin.revocations.list.query();
  await admin.serviceTokens.revoke.mutate({ service: 'notification' });
  const one = await admin.revocations.list.query({ after, limit: 2 });
  const two = await admin.revocations.list.query({ after: one.position, limit: 2 });
  expect([one.complete, two.complete]).toEqual([false, true]);
  expect([...one.items, ...two.items].map(({ id }) => id).toSorted()).toEqual(
    made.map(({ tokenId }) => tokenId).toSorted(),
  );
  const anew = await admin.revocations.list.query({ after: two.position + 100 });
  expect(anew).toMatchObject({ reset: true, complete: true, position: two.position });
});
