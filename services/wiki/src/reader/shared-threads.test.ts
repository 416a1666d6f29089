import { randomUUID } from 'node:crypto';
import { silentLogger as log } from '@arcadium/mesh/testing';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import {
  ask,
  askBatch,
  from,
  openSocket,
  patiently,
  readiness,
  send,
  type Headers,
} from '../testing/attack.ts';
import { serveWiki, type ServedWiki } from '../testing/served.ts';
import { createPageReader } from './page-reader.ts';

let wiki: ServedWiki;
const pageId = randomUUID();

beforeAll(async () => {
  // Half of the usual limits: eight slow texts still block two threads longer than a caller waits.
  wiki = await serveWiki({ reader: createPageReader({ log, waitMs: 2500, readMs: 1000 }) });
  await wiki.pool.query(
    `INSERT INTO pages (id, slug, title, body, plain, author_id, revision) VALUES ($1, 'home', 'Home', '.', '.', $1, 2)`,
    [pageId],
  );
  // Two texts with the most lines and nothing in common.
  await wiki.pool.query(
    `INSERT INTO page_revisions (page_id, revision, title, body, author_id)
     SELECT $1, n, 'Home', repeat(chr(96 + n) || E'\n', 99000), $1 FROM generate_series(1, 2) AS n`,
    [pageId],
  );
  // Starts threads and connections before the attack.
  const reader = await logIn('early');
  await Promise.all(Array.from({ length: 3 }, () => save(reader, 'A page.')));
});
afterAll(() => wiki.close());

const attackers: Promise<void>[] = [];
let stop = new AbortController();
afterEach(async () => {
  stop.abort();
  await Promise.all(attackers.splice(0));
  stop = new AbortController();
});

/** Repeats a call until the test is over, whatever the answers. */
function loop(call: () => Promise<unknown>): void {
  const { signal } = stop;
  const again = async (): Promise<void> => {
    while (!signal.aborted) await call().catch(() => {});
  };
  attackers.push(again());
}

async function logIn(name: string): Promise<Headers> {
  return { authorization: `Bearer ${await wiki.identity.userToken({ name })}` };
}

const save = (who: Headers, body: string) =>
  send(wiki, 'pages.create', { slug: `page/${randomUUID()}`, title: 'Page', body }, who);

/** Six users who each publish a page and read one. @returns The statuses that occurred. */
async function honestCalls(): Promise<{ saved: number[]; read: number[]; ready: number[] }> {
  const [saved, read, ready] = [new Set<number>(), new Set<number>(), new Set<number>()];
  for (const name of ['ann', 'bob', 'cid', 'dan', 'eve', 'fay']) {
    const who = await logIn(name);
    const text = `# ${name}\n\nSome [link](b) and *words*.\n`;
    const answer = await patiently(() => save(who, text));
    saved.add(answer.status);
    read.add((await patiently(() => ask(wiki, 'pages.get', { id: pageId }, who))).status);
    ready.add(await readiness(wiki));
  }
  return { saved: [...saved], read: [...read], ready: [...ready] };
}
const allIsWell = { saved: [200], read: [200], ready: [200] };

describe('texts that keep the parser busy', () => {
  test('of one account, in eight loops, keep no other from saving', async () => {
    const attacker = await logIn('mallory');
    for (let n = 0; n < 8; n += 1) loop(() => save(attacker, '*a_ '.repeat(50_000)));
    expect(await honestCalls()).toEqual(allIsWell);
  });

  test('nor do other texts, of four accounts, as changes of pages', async () => {
    for (const part of ['[', '> a\n', 'a**b', '| a ']) {
      const attacker = await logIn(part);
      const body = part.repeat(200_000 / part.length);
      const { body: saved } = await save(attacker, 'A page.');
      const { id } = (saved as { result: { data: { id: string } } }).result.data;
      let revision = 1;
      for (let n = 0; n < 3; n += 1) {
        loop(async () => {
          const { status } = await send(
            wiki,
            'pages.update',
            { id, revision, body: `${revision} ${body}` },
            attacker,
          );
          if (status === 200) revision += 1;
        });
      }
    }
    expect(await honestCalls()).toEqual(allIsWell);
  });

  test('are saved all the same', async () => {
    const { status } = await save(await logIn('odd'), '*a_ '.repeat(50_000));
    expect(status).toBe(200);
  });
});

describe('diffs of two long texts', () => {
  const diff = { path: 'pages.diff', input: { id: pageId, from: 1, to: 2 } };

  test('in loops, one by one, in batches and over a WebSocket, keep no other waiting', async () => {
    const socket = await openSocket(wiki);
    for (let n = 0; n < 4; n += 1) loop(() => ask(wiki, diff.path, diff.input, from('192.0.2.1')));
    loop(() => askBatch(wiki, { ...diff, times: 20 }, from('192.0.2.2')));
    loop(() => socket.ask(diff.path, diff.input, 20));
    expect(await honestCalls()).toEqual(allIsWell);
    stop.abort();
    await Promise.all(attackers);
    socket.close();
  });

  test('say what changed', async () => {
    const { body } = await ask(wiki, diff.path, diff.input);
    expect(body).toMatchObject({ result: { data: { added: 99_000, removed: 99_000 } } });
  });
});
