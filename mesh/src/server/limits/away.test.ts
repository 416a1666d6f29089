import { expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { anyone, contract, query } from '../../contract/index.ts';
import { createTestIdentity, silentLogger } from '../../testing/index.ts';
import { serve } from '../serve.ts';

const library = contract('library', {
  look: query({ summary: 'Waits for the database', output: z.object({}), access: anyone, timeoutMs: 60 }),
});

test('calls that wait for a database that is away do not lower the limit, and those after it are answered', async () => {
  let away = false;
  const { authenticate } = await createTestIdentity();
  const look = ({ signal }: { signal: AbortSignal }) =>
    away
      ? new Promise<never>((_resolve, reject) =>
          signal.addEventListener('abort', () => reject(new Error('the call is over'))),
        )
      : Promise.resolve({});
  const service = await serve(
    library,
    { look },
    {
      version: '1',
      port: 0,
      log: silentLogger,
      authenticate,
      pingDatabase: async () => {
        if (away) throw new Error('gone');
      },
    },
  );
  onTestFinished(() => service.stop());
  service.ready();
  const ready = async () => (await fetch(`${service.url}/readyz`)).status;
  const ask = async () => (await fetch(`${service.url}/trpc/look`)).status;
  expect(await ask()).toBe(200);

  away = true;
  await expect.poll(ready).toBe(503);
  const statuses = await Promise.all(
    Array.from({ length: 40 }, async () => {
      const seen: number[] = [];
      for (let round = 0; round < 20; round++) seen.push(await ask());
      return seen;
    }),
  );
  expect(new Set(statuses.flat())).toEqual(new Set([408]));

  away = false;
  expect(new Set(await Promise.all(Array.from({ length: 200 }, ask)))).toEqual(new Set([200]));
});
