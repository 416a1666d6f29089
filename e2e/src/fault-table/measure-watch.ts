import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { notificationContract } from '@arcadium/contracts/notification';
import { connect } from '@arcadium/mesh/client';
import { silentLogger } from '@arcadium/mesh/testing';
import { noFault, startFaultProxy } from '../fault-proxy/index.ts';
import type { TestMesh } from '../mesh.ts';
import { retryPolicy } from './calls.ts';
import { watchedForMs, type WatchCase, type WatchOutcome } from './expectations.ts';
import { inSeconds } from './seconds.ts';

/** Longest wait for missed events, in milliseconds. */
const patienceMs = 60_000;

/** Subscribes through a temporary fault, with one event before, one during and one after it. */
export async function measureWatch(mesh: TestMesh, { fault, expected }: WatchCase): Promise<WatchOutcome> {
  await using proxy = await startFaultProxy(mesh.url('notification'));
  const userId = randomUUID();
  await using watcher = connect(notificationContract, {
    as: 'user',
    url: proxy.url,
    token: await mesh.identity.userToken({ id: userId }),
    log: silentLogger,
    retryPolicy,
  });
  await using wiki = connect(notificationContract, {
    as: 'wiki',
    url: mesh.url('notification'),
    token: await mesh.identity.serviceToken('wiki'),
    log: silentLogger,
  });
  const tell = (title: string) =>
    wiki.notifications.send.mutate({ key: randomUUID(), userId, topic: 'comment', title, body: 'Text' });

  const seen: string[] = [];
  const started = Promise.withResolvers<void>();
  const first = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<string>();
  let endedAt = 0;
  const end = (how: string): void => {
    endedAt ||= performance.now();
    ended.resolve(how);
  };
  const subscription = watcher.notifications.watch.subscribe(undefined, {
    onStarted: () => started.resolve(),
    onData: ({ data }) => {
      seen.push(data.title);
      first.resolve();
      if (data.title === 'after') end('');
    },
    onError: (error) => end(`ended with ${error.data?.code ?? error.message}`),
    onComplete: () => end('was completed'),
  });
  await started.promise;
  await tell('before');
  await first.promise;

  const startedAt = performance.now();
  await proxy.set(fault);
  await tell('during');
  await delay(watchedForMs);
  await proxy.set(noFault);
  await tell('after');
  const giveUp = new AbortController();
  const how = await Promise.race([
    ended.promise,
    delay(patienceMs, 'waited in vain', { signal: giveUp.signal }),
  ]);
  giveUp.abort();
  const ms = (endedAt || performance.now()) - startedAt;
  subscription.unsubscribe();
  const all = seen.join() === 'before,during,after' ? 'all, once each, in order' : seen.join(', ');
  return { saw: how === '' ? all : `${all}; ${how}`, seconds: inSeconds(ms, expected.seconds) };
}
