import { expect, test } from 'vitest';
import type { StoredNotification } from '../stores/arrival-store.ts';
import { Mailbox } from './mailbox.ts';

const numbered = (n: number) => ({ id: String(n) }) as StoredNotification;

test('hands out what was put in, in order', async () => {
  const mailbox = new Mailbox('reader', 3);
  for (const n of [1, 2, 3]) mailbox.put(numbered(n));
  for (const n of [1, 2, 3])
    expect(await mailbox.next()).toEqual({ kind: 'arrival', notification: numbered(n) });
});

test('wakes a reader that waits', async () => {
  const mailbox = new Mailbox('reader', 3);
  const next = mailbox.next();
  mailbox.put(numbered(1));
  expect(await next).toMatchObject({ kind: 'arrival' });
});

test('beyond its limit it holds nothing and advises to catch up, once', async () => {
  const mailbox = new Mailbox('reader', 3);
  for (let n = 0; n < 10_000; n += 1) mailbox.put(numbered(n));
  expect(await mailbox.next()).toEqual({ kind: 'catchUp' });
  mailbox.put(numbered(10_001));
  expect(await mailbox.next()).toEqual({ kind: 'arrival', notification: numbered(10_001) });
});

test('advice comes before what has arrived since, and makes up for what waited', async () => {
  const mailbox = new Mailbox('reader', 3);
  mailbox.put(numbered(1));
  mailbox.adviseCatchUp();
  mailbox.put(numbered(2));
  expect(await mailbox.next()).toEqual({ kind: 'catchUp' });
  mailbox.put(numbered(3));
  expect(await mailbox.next()).toEqual({ kind: 'arrival', notification: numbered(3) });
});

test('closed, it hands out nothing more', async () => {
  const mailbox = new Mailbox('reader', 3);
  const waiting = mailbox.next();
  mailbox.close();
  expect(await waiting).toEqual({ kind: 'closed' });
  mailbox.put(numbered(1));
  expect(await mailbox.next()).toEqual({ kind: 'closed' });
});
