import { expect, test } from 'vitest';
import { nobody } from '../../contract/index.ts';
import { RevocationSet } from '../../identity/index.ts';
import { useFakeClock } from '../../testing/index.ts';
import { startExpiry } from './expiry.ts';

test('disposal fires the signal, which frees listeners that a handler left on it', () => {
  const gone = new AbortController().signal;
  const expiry = startExpiry(nobody, { gone });
  let told = 0;
  expiry.signal.addEventListener('abort', () => (told += 1), { once: true });
  expect(expiry.signal.aborted).toBe(false);
  expiry[Symbol.dispose]();
  expect([told, expiry.refusal, gone.aborted]).toEqual([1, undefined, false]);
});

test('a revoked token ends every subscription that is not yet disposed', () => {
  const set = new RevocationSet();
  const expiresAt = Date.now() + 60_000;
  const user = { id: 'u', name: 'Ann', role: 'user' as const, tokenId: 't', sessionId: 's', expiresAt };
  const [going, over, late] = [1, 2, 3].map(() => startExpiry({ ...nobody, user }, { revocations: set }));
  over?.[Symbol.dispose]();
  set.add([{ id: 's', expiresAt }]);
  expect([going?.signal.aborted, late?.signal.aborted]).toEqual([true, true]);
  expect(going?.refusal).toMatchObject({ code: 'UNAUTHORIZED', message: expect.stringContaining('revoked') });
  expect(over?.refusal).toBeUndefined();
  // Revoked between authentication and start.
  expect(startExpiry({ ...nobody, user }, { revocations: set }).refusal).toBeDefined();
  for (const one of [going, late]) one?.[Symbol.dispose]();
  set.close();
});

test('an expired token ends it with that reason', () => {
  const service = { id: 'till-id', name: 'till', tokenId: 't', expiresAt: Date.now() - 1 };
  const expiry = startExpiry({ ...nobody, service });
  expect(expiry.signal.aborted).toBe(true);
  expect(expiry.refusal).toMatchObject({
    code: 'UNAUTHORIZED',
    message: 'The token this subscription started with has expired',
  });
});

test('ends within a minute after the machine slept or its clock was set', async () => {
  await using clock = useFakeClock();
  const service = { id: 'till-id', name: 'till', tokenId: 't', expiresAt: Date.now() + 15 * 60_000 };
  const expiry = startExpiry({ ...nobody, service });
  await clock.advance(5 * 60_000);
  expect(expiry.signal.aborted).toBe(false);
  clock.setWallClock(8 * 3_600_000);
  await clock.advance(60_000);
  expect(expiry.refusal).toMatchObject({ code: 'UNAUTHORIZED' });
});
