import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { silentLogger } from '@arcadium/mesh/testing';
import { openTls } from '@arcadium/mesh/tls';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openLoop } from '../src/load/open-loop.ts';
import { newPerson } from '../src/people.ts';
import { root } from '../src/process.ts';
import {
  allHealthy,
  compose,
  containers,
  docker,
  ports,
  signal,
  succeed,
  type ServiceName,
} from './containers.ts';

// Every container is restarted, and killed, while 100 calls a second pass through the edge.

const mesh = { url: (service: ServiceName) => `https://localhost:${ports[service]}` };

beforeAll(async () => {
  const replicas = ['auth', 'wiki', 'notification'].flatMap((name) => ['--scale', `${name}=2`]);
  await succeed('npm', 'run', 'compose', '--', ...replicas);
});
afterAll(async () => {
  await compose('down', '--volumes', '--remove-orphans');
});

/** The account and the command line of what a container runs, by its service. */
const programs: Readonly<Record<string, readonly [string, string]>> = {
  edge: ['haproxy', '^haproxy'],
  postgres: ['postgres', '^postgres'],
  backup: ['node', 'schedule.mjs'],
};

test('no idempotent call fails while each container is restarted, and then each is killed', async () => {
  using tls = openTls({ caFile: join(root, 'docker/secrets/tls/ca.crt'), log: silentLogger });
  const ann = await newPerson(mesh, 'ann', { tls });
  const page = await ann.wiki.pages.create.mutate({ slug: 'outages', title: 'Outages', body: 'Words.' });
  let over = false;
  // A call that needs the one PostgreSQL can only wait for it, so its deadline must be longer than a restart.
  const context = { deadlineMs: 60_000 };
  const comments: string[] = [];
  const calls = [
    () => ann.wiki.pages.get.query({ id: page.id }, { context }),
    async (n: number) => {
      const { id } = await ann.wiki.comments.create.mutate(
        { pageId: page.id, body: `Comment ${n}` },
        { context },
      );
      comments.push(id);
    },
    () => ann.notification.notifications.list.query({}, { context }),
    () => ann.auth.users.me.query(undefined, { context }),
  ];
  const load = openLoop({
    perSecond: 100,
    stopped: () => over,
    call: async (n) => {
      await calls[n % calls.length]?.(n);
    },
  });
  const startedAt = performance.now();
  const steps: string[] = [];
  const step = (what: string, name: string) =>
    steps.push(`${what} ${name} at ${Math.round(performance.now() - startedAt)} ms`);
  const all = (await containers()).map(({ name, service }) => ({ name, service }));
  try {
    for (const { name } of all) {
      step('restart of', name);
      await docker('restart', name);
      await allHealthy();
      await delay(3000);
    }
    for (const { name, service } of all) {
      step('kill of', name);
      await signal(name, 'KILL', programs[service] ?? ['node', 'src/main.ts']);
      await delay(3000);
      await allHealthy();
    }
  } finally {
    over = true;
  }
  const { calls: made, latencies, failures } = await load;
  const kept = (
    await compose(
      'exec',
      '-T',
      'postgres',
      'psql',
      '-U',
      'postgres',
      '-d',
      'arcadium',
      '-tAc',
      'SELECT id FROM wiki.comments',
    )
  )
    .trim()
    .split('\n');
  console.log(
    `${all.length} containers: ${made} calls, ${failures.length} failed, the longest took ${Math.round(Math.max(...latencies))} ms`,
  );
  expect(failures, steps.join('\n')).toEqual([]);
  expect(kept.toSorted()).toEqual(comments.toSorted());
}, 1_200_000);
