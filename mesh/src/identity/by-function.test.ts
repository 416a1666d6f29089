import { expect, test, vi } from 'vitest';
import { SteadyClock } from '../clock/index.ts';
import { MeshError } from '../wire/index.ts';
import { byFunction, type IdentifyCaller } from './by-function.ts';

const bearer = { authorization: 'Bearer opaque', userToken: undefined };

function open(options: { cacheMs?: number; most?: number } = {}) {
  let at = 1_000_000;
  const clock = new SteadyClock({ wall: () => at, monotonic: () => at });
  const identify = vi.fn<IdentifyCaller>(async () => ({ user: { id: 'ann' } }));
  const authenticate = byFunction({ identify, ...options }, clock);
  return { identify, authenticate, at: () => at, pass: (ms: number) => void (at += ms) };
}

test('an answer without an end holds for its call; what it leaves out has a default', async () => {
  const { identify, authenticate } = open();
  const ann = { id: 'ann', name: 'ann', role: 'user', tokenId: '', expiresAt: Infinity };
  expect(await authenticate(bearer)).toEqual({ service: undefined, user: ann });
  await authenticate(bearer);
  expect(identify).toHaveBeenCalledTimes(2);
  identify.mockReturnValueOnce({ service: { name: 'till' } });
  expect(await authenticate(bearer)).toMatchObject({ service: { id: 'till', name: 'till' } });
});

test('an answer with an end is known without a promise until then, for these credentials only', async () => {
  const { identify, authenticate, at, pass } = open();
  identify.mockImplementation(async () => ({ user: { id: 'ann', expiresAt: at() + 60_000 } }));
  const first = await authenticate(bearer);
  expect(authenticate(bearer)).toBe(first);
  await authenticate({ ...bearer, userToken: 'another' });
  await authenticate({ ...bearer, authorization: 'Bearer other' });
  expect(identify).toHaveBeenCalledTimes(3);
  pass(59_999);
  expect(authenticate(bearer)).toBe(first);
  pass(1);
  await authenticate(bearer);
  expect(identify).toHaveBeenCalledTimes(4);
});

test('cacheMs is the longest time, also for an answer without an end; most is the bound', async () => {
  const { identify, authenticate, pass } = open({ cacheMs: 1000, most: 1 });
  await authenticate(bearer);
  pass(999);
  expect(authenticate(bearer)).toMatchObject({ user: { id: 'ann' } });
  pass(1);
  await authenticate(bearer);
  await authenticate({ ...bearer, authorization: 'Bearer other' });
  await authenticate(bearer);
  expect(identify).toHaveBeenCalledTimes(4);
});

test('calls at the same time ask once, and a failure is not kept', async () => {
  const { identify, authenticate } = open();
  identify.mockRejectedValueOnce(new Error('the session store is away'));
  const calls = [authenticate(bearer), authenticate(bearer)].map((call) => Promise.resolve(call));
  for (const settled of await Promise.allSettled(calls))
    expect(settled).toMatchObject({ status: 'rejected', reason: { message: 'the session store is away' } });
  expect(identify).toHaveBeenCalledTimes(1);
  expect(await authenticate(bearer)).toMatchObject({ user: { id: 'ann' } });
});

test('no answer, an expired one and long credentials are refused; without credentials nothing is asked', async () => {
  const { identify, authenticate, at } = open();
  const refused = { code: 'UNAUTHORIZED' };
  identify.mockResolvedValueOnce(undefined).mockResolvedValueOnce({});
  await expect(authenticate(bearer)).rejects.toMatchObject(refused);
  await expect(authenticate(bearer)).rejects.toMatchObject(refused);
  identify.mockResolvedValueOnce({ user: { id: 'ann', expiresAt: at() } });
  await expect(authenticate(bearer)).rejects.toThrow('The credentials have expired');
  identify.mockRejectedValueOnce(new MeshError('UNAUTHORIZED', 'The session has ended'));
  await expect(authenticate(bearer)).rejects.toThrow('The session has ended');
  const long = { ...bearer, authorization: 'x'.repeat(10_000) };
  await expect(authenticate(long)).rejects.toMatchObject(refused);
  expect(identify).toHaveBeenCalledTimes(4);
  expect(authenticate({ authorization: undefined, userToken: undefined })).toMatchObject({ user: undefined });
  expect(identify).toHaveBeenCalledTimes(4);
});
