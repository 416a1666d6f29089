import { expect, test, vi } from 'vitest';
import { recordingLogger } from '../../testing/logger.ts';
import { startOtlpReceiver } from '../../testing/otlp-receiver.ts';
import { exposition } from '../exposition.ts';
import { Outlet } from './outlet.ts';
import { resourceOf } from './request-body.ts';

const resource = resourceOf({ 'service.name': 'shop' });

async function open(signal: 'traces' | 'logs') {
  const receiver = await startOtlpReceiver();
  const log = recordingLogger();
  const outlet = new Outlet({ signal, endpoint: `${receiver.url}/`, headers: () => ({}), resource, log });
  return { receiver, log, outlet, [Symbol.asyncDispose]: () => receiver[Symbol.asyncDispose]() };
}

const droppedOf = async (signal: string) => {
  const { text } = await exposition();
  const line = new RegExp(
    `^mesh_telemetry_dropped_total\\{signal="${signal}",reason="not-taken"\\} (\\d+)`,
    'm',
  );
  return Number(line.exec(text)?.[1] ?? 0);
};

test.concurrent('a request is sent again while the receiver is busy, and nothing is lost', async () => {
  await using opened = await open('logs');
  const { receiver, log, outlet } = opened;
  receiver.status = 503;
  outlet.add((to) => to.bytes(2, Buffer.alloc(0)));
  const closed = outlet.close();
  await vi.waitFor(() => expect(receiver.requests).toHaveLength(1));
  receiver.status = 200;
  await closed;
  expect(receiver.requests).toHaveLength(2);
  expect(receiver.logs).toHaveLength(1);
  expect(log.lines).toEqual([]);
});

test.concurrent('the end takes at most 3 s if the receiver does not answer; what is left is counted', async () => {
  await using opened = await open('traces');
  const { receiver, log, outlet } = opened;
  receiver.status = 'silent';
  for (let n = 0; n < 600; n += 1) outlet.add((to) => to.bytes(2, Buffer.alloc(0)));
  const begun = performance.now();
  await outlet.close();
  expect(performance.now() - begun).toBeLessThan(4000);
  expect(receiver.requests).toHaveLength(1);
  expect(await droppedOf('traces')).toBe(600);
  expect(log.lines.map(({ fields }) => fields['reason'])).toEqual(['the process ended']);
});

test.concurrent('a request carries up to 1 MiB and one item', async () => {
  await using opened = await open('logs');
  const { receiver, outlet } = opened;
  for (let n = 0; n < 5; n += 1)
    outlet.add((to) => {
      const record = to.open(2);
      to.text(3, 'a'.repeat(600_000));
      to.close(record);
    });
  await outlet.close();
  expect(receiver.logs).toHaveLength(5);
  expect(receiver.requests).toHaveLength(3);
});
