import { expect, test } from 'vitest';
import { nobody } from '../contract/index.ts';
import { startExpiry } from './expiry.ts';

test('what a handler has left on the signal of its subscription goes when that has ended', () => {
  const gone = new AbortController().signal;
  const expiry = startExpiry(nobody, { gone });
  let told = 0;
  expiry.signal.addEventListener('abort', () => (told += 1), { once: true });
  expect(expiry.signal.aborted).toBe(false);
  expiry[Symbol.dispose]();
  expect([told, expiry.refusal, gone.aborted]).toEqual([1, undefined, false]);
});

test('a token that has expired ends it, and is named as what did', () => {
  const service = { id: 'till-id', name: 'till', tokenId: 't', expiresAt: Date.now() - 1 };
  const expiry = startExpiry({ ...nobody, service });
  expect(expiry.signal.aborted).toBe(true);
  expect(expiry.refusal).toMatchObject({
    code: 'UNAUTHORIZED',
    message: 'The token has expired that this began with',
  });
});
