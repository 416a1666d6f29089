import { afterEach, beforeEach, expect, test } from 'vitest';
import { recordingLogger, RevocationList, useFakeClock, type FakeClock } from '../../testing/index.ts';
import { followRevocations, type RevocationFollower, type RevocationSource } from '../index.ts';

let clock: FakeClock;
let list: RevocationList;
let log: ReturnType<typeof recordingLogger>;
const feeds: RevocationFollower[] = [];
beforeEach(() => {
  clock = useFakeClock();
  list = new RevocationList();
  log = recordingLogger();
});
afterEach(async () => {
  for (const feed of feeds.splice(0)) await feed.stop();
  if (list.open > 0) throw new Error('a feed that was stopped still watches');
  await clock[Symbol.asyncDispose]();
});

async function follow(source: RevocationSource = list) {
  const feed = await followRevocations({ source, from: 'auth', log });
  feeds.push(feed);
  return feed;
}

const said = () => log.lines.filter(({ level }) => level !== 'debug').map(({ level }) => level);

test('all that is there is loaded, and what happens is in force at once, without a question', async () => {
  list.pageSize = 2;
  for (const id of ['a', 'b', 'c', 'd', 'e']) list.revoke(id);
  const feed = await follow();
  await feed.loaded();
  expect(feed.status()).toMatchObject({ state: 'following', size: 5, position: 5, confirmedMsAgo: 0 });
  list.revoke('f');
  expect(feed.set.has('f')).toBe(true);
  await clock.advance(60_000);
  expect(feed.status()).toMatchObject({ state: 'following', size: 6, position: 6 });
  expect([list.asked.lists, list.asked.watches, said()]).toEqual([0, 1, []]);
});

test('silence for a second and a half, and it is asked instead: a revocation is in force within two seconds', async () => {
  const feed = await follow();
  await feed.loaded();
  await clock.advance(3000);
  list.silence();
  list.watches = 'is silent';
  list.revoke('a');
  await clock.advance(1990);
  expect(feed.set.has('a')).toBe(true);
  expect(feed.status()).toMatchObject({ state: 'polling', position: 1 });
  // From then on, within one second.
  for (const id of ['b', 'c', 'd']) {
    list.revoke(id);
    await clock.advance(1100);
    expect(feed.set.has(id)).toBe(true);
  }
  await clock.advance(30_000);
  expect(feed.status().state).toBe('polling');
  expect([list.asked.atOnce, said()]).toEqual([1, ['warn']]);
  expect(log.lines[0]).toMatchObject({
    message: expect.stringContaining('polling every second'),
    fields: { reason: 'no event for 1500 ms' },
  });
});

test('it is watched again as soon as that works, from where it stands, and asked no longer', async () => {
  list.revoke('a');
  const feed = await follow();
  await feed.loaded();
  list.watches = 'fails';
  list.end(new Error('the connection was closed'));
  list.revoke('b');
  await clock.advance(10_000);
  expect([feed.status().state, feed.set.has('b')]).toEqual(['polling', true]);
  list.watches = 'answers';
  await clock.advance(5000);
  expect(feed.status()).toMatchObject({ state: 'following', position: 2 });
  expect(list.asked.after.at(-1)).toBe(2);
  const { lists } = list.asked;
  await clock.advance(10_000);
  expect(list.asked.lists).toBe(lists);
  expect(said()).toEqual(['warn', 'info']);
});

test('while it can be watched by no means, it is tried again every few seconds, not more often', async () => {
  list.watches = 'fails';
  await follow();
  await clock.advance(60_000);
  expect(list.asked.watches).toBeGreaterThan(12);
  expect(list.asked.watches).toBeLessThan(24);
  expect(list.asked.lists).toBeGreaterThan(55);
  expect(list.asked.lists).toBeLessThan(63);
});

test.each(['fails', 'is silent'] as const)(
  'where everything %s, what is held stays in force, and is stale after five seconds',
  async (how) => {
    list.revoke('a');
    const feed = await follow();
    await feed.loaded();
    list.lists = how;
    list.watches = how;
    list.end(new Error('gone'));
    await clock.advance(4000);
    expect(feed.status().state).toBe('polling');
    await clock.advance(2000);
    expect(feed.status()).toMatchObject({ state: 'stale', size: 1 });
    await clock.advance(600_000);
    expect([feed.set.has('a'), list.asked.atOnce, said()]).toEqual([true, 1, ['warn']]);
    list.lists = 'answers';
    await clock.advance(2100);
    expect(feed.status().state).toBe('polling');
  },
);

test('a source that was gone for long is watched as soon as it answers a question', async () => {
  const feed = await follow();
  await feed.loaded();
  [list.watches, list.lists] = ['fails', 'fails'];
  list.end('it ended');
  // By then the back-off is about four seconds.
  await clock.advance(60_000);
  [list.watches, list.lists] = ['answers', 'answers'];
  await clock.advance(1010);
  expect(feed.status().state).toBe('following');
});

test('an end of the stream, and events of a wrong shape, are failures as any', async () => {
  const feed = await follow();
  await feed.loaded();
  list.end(undefined);
  await clock.advance(1000);
  expect(feed.status().state).toBe('following');
  list.say({ items: [{ id: 'a', expiresAt: 'tomorrow' }], position: 1, complete: true, reset: false });
  expect(feed.status().state).toBe('polling');
  await clock.advance(1000);
  expect([feed.status().state, feed.status().size]).toEqual(['following', 0]);
  expect(said()).toEqual(['warn', 'info', 'warn', 'info']);
});

test('an order that begins anew makes void what is held, when all of the new one is there', async () => {
  for (const id of ['a', 'b', 'c']) list.revoke(id);
  const feed = await follow();
  await feed.loaded();
  list.startAnew();
  list.pageSize = 1;
  list.revoke('b');
  await clock.advance(1000);
  list.revoke('d');
  await clock.advance(3000);
  expect([...feed.set.entries()].map(({ id }) => id).toSorted()).toEqual(['b', 'd']);
  expect(feed.status()).toMatchObject({ state: 'following', position: 2 });
});

test('one that is said to begin anew is held beside the old one until it is whole', async () => {
  list.revoke('a');
  const feed = await follow();
  await feed.loaded();
  const item = (id: string) => ({ id, expiresAt: new Date(Date.now() + 60_000).toISOString() });
  list.say({ items: [item('x')], position: 1, complete: false, reset: true });
  expect([feed.set.has('a'), feed.set.has('x')]).toEqual([true, true]);
  list.say({ items: [item('y')], position: 2, complete: true, reset: false });
  expect([...feed.set.entries()].map(({ id }) => id)).toEqual(['x', 'y']);
  expect(feed.status().position).toBe(2);
});

test('a position lower than before is loaded from the start, also where nobody says so', async () => {
  for (const id of ['a', 'b', 'c']) list.revoke(id);
  const feed = await follow();
  await feed.loaded();
  list.saysReset = false;
  list.startAnew();
  list.revoke('z');
  await clock.advance(3000);
  expect([...feed.set.entries()].map(({ id }) => id)).toEqual(['z']);
  expect(feed.status()).toMatchObject({ state: 'following', position: 1 });
  // The same for polls.
  list.watches = 'fails';
  list.end(new Error('gone'));
  list.revoke('y');
  await clock.advance(1500);
  list.startAnew();
  list.revoke('x');
  await clock.advance(1500);
  expect([...feed.set.entries()].map(({ id }) => id)).toEqual(['x']);
  expect(feed.status()).toMatchObject({ state: 'polling', position: 1 });
});

test('one that is lost, back and lost again in a moment is asked one question at a time', async () => {
  const feed = await follow();
  await feed.loaded();
  list.lists = 'is silent';
  list.watches = 'is silent';
  list.end(new Error('gone'));
  await clock.advance(600);
  expect([list.asked.lists, list.open]).toEqual([1, 1]);
  list.say({ items: [], position: 0, complete: true, reset: false });
  expect(feed.status().state).toBe('following');
  list.say('nonsense');
  expect(feed.status().state).toBe('polling');
  list.lists = 'answers';
  await clock.advance(100);
  expect(list.asked).toMatchObject({ lists: 2, atOnce: 1 });
});

test('an answer that is older than what is held changes nothing, and confirms nothing', async () => {
  const late = Promise.withResolvers<unknown>();
  const source: RevocationSource = { list: () => late.promise, watch: (watch) => list.watch(watch) };
  list.watches = 'is silent';
  const feed = await follow(source);
  await clock.advance(1600);
  list.watches = 'answers';
  const old = list.after(0);
  list.revoke('a');
  list.say({ ...list.after(0), complete: false });
  late.resolve(old);
  await clock.advance(100);
  expect(feed.status()).toMatchObject({ state: 'stale', size: 1, confirmedMsAgo: undefined });
});

test('a start waits for a source that says something, until all is there', async () => {
  list.watches = 'is silent';
  const slow = Array.from({ length: 5 }, (_, n) => String(n));
  for (const id of slow) list.revoke(id);
  list.pageSize = 1;
  const feed = await follow({
    watch: (watch) => list.watch(watch),
    list: async (after, signal) => {
      await new Promise((resolve) => setTimeout(resolve, 900));
      return list.list(after, signal);
    },
  });
  const loaded = feed.loaded().then(() => feed.status());
  await clock.advance(7000);
  expect(await loaded).toMatchObject({ size: 5 });
  expect(said()).toEqual(['warn']);
});

test('a start waits two seconds for a source that says nothing, and says so', async () => {
  list.watches = 'fails';
  list.lists = 'fails';
  const feed = await follow();
  let done = false;
  void feed.loaded().then(() => (done = true));
  await clock.advance(1900);
  expect(done).toBe(false);
  await clock.advance(200);
  expect([done, feed.status()]).toMatchObject([true, { state: 'stale', size: 0 }]);
  expect(log.lines.findLast(({ level }) => level === 'warn')?.message).toContain('no local copy');
});

test('a start that is given up waits no longer', async () => {
  list.watches = 'is silent';
  list.lists = 'is silent';
  const feed = await follow();
  const ending = new AbortController();
  const loaded = feed.loaded(ending.signal);
  ending.abort(new Error('the process ends'));
  await expect(loaded).rejects.toThrow('the process ends');
});

test('when it is stopped, nobody is asked any more, and what is held stays in force', async () => {
  list.revoke('a');
  const feed = await follow();
  await feed.loaded();
  list.watches = 'fails';
  list.end(new Error('gone'));
  await clock.advance(500);
  await feed.stop();
  const { lists, watches } = list.asked;
  await clock.advance(60_000);
  expect([list.asked.lists, list.asked.watches, feed.set.has('a')]).toEqual([lists, watches, true]);
});
