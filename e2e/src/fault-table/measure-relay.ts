import { setTimeout as delay } from 'node:timers/promises';
import { noFault, type FaultProxy } from '../fault-proxy/index.ts';
import { until, type TestMesh } from '../mesh.ts';
import type { newPerson } from '../people.ts';
import { passesAfterMs, type RelayCase, type RelayOutcome } from './expectations.ts';
import { inShort } from './log-lines.ts';
import { inSeconds } from './seconds.ts';

/** The author of a page, and a user who comments on it. */
export interface Readership {
  readonly author: Awaited<ReturnType<typeof newPerson>>;
  readonly reader: Awaited<ReturnType<typeof newPerson>>;
}

/**
 * Comments on a page whose author gets notifications, while there is a fault between the wiki and the
 * notification service; one case after the other.
 *
 * @param proxy What the wiki calls as the notification service.
 */
export async function measureRelay(
  mesh: TestMesh,
  {
    proxy,
    cases,
    author,
    reader,
  }: Readership & { readonly proxy: FaultProxy; readonly cases: readonly RelayCase[] },
): Promise<RelayOutcome[]> {
  const page = await author.wiki.pages.create.mutate({ slug: 'relayed', title: 'A page', body: 'Text' });
  const comment = () => reader.wiki.comments.create.mutate({ pageId: page.id, body: 'A comment' });
  const told = async (count: number) =>
    (await author.notification.notifications.unreadCount.query()).count === count;
  await comment();
  await until(() => told(1), 'the author was told');
  // Its answer must arrive before the first fault: the relay sends the next message after it.
  await until(() => hasDelivered(mesh), 'the wiki knows that the author was told');

  const outcomes: RelayOutcome[] = [];
  for (const [n, { fault, expected }] of cases.entries()) {
    const linesBefore = callLines(mesh).length;
    await proxy.set(fault);
    const startedAt = performance.now();
    const healed = delay(passesAfterMs).then(() => proxy.set(noFault));
    const saw = await comment().then(
      () => 'OK',
      (error: unknown) => String(error),
    );
    const sawMs = performance.now() - startedAt;
    await healed;
    await until(() => told(n + 2), 'the author was told');
    outcomes.push({
      saw,
      seconds: inSeconds(sawMs, expected.seconds),
      toldAfterSeconds: inSeconds(performance.now() - startedAt, expected.toldAfterSeconds),
      logged: inShort(callLines(mesh).slice(linesBefore)),
    });
  }
  return outcomes;
}

/** Whether a call from the wiki to the notification service has succeeded, by the wiki's own metrics. */
async function hasDelivered(mesh: TestMesh): Promise<boolean> {
  const text = await (await fetch(`${mesh.url('wiki')}/metrics`)).text();
  return /^mesh_client_call_seconds_count\{target="notification",.*code="OK"\} [1-9]/m.test(text);
}

/** What the wiki logged about its calls to the notification service. */
function callLines(mesh: TestMesh) {
  return mesh
    .process('wiki')
    .logged()
    .filter(({ msg = '' }) => msg.startsWith('a call to notification failed'))
    .map((fields) => ({ message: fields.msg ?? '', fields }));
}
