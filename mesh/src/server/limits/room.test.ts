import { afterEach, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { anyone, contract, mutation, query } from '../../contract/index.ts';
import { exposition } from '../../telemetry/index.ts';
import { createTestIdentity, recordingLogger } from '../../testing/index.ts';
import type { MeshError } from '../../wire/index.ts';
import { Refusal } from '../call/refusal.ts';
import { serve, type RunningService, type ServeOptions } from '../serve.ts';

const done = z.object({});
const hostel = contract('hostel', {
  stay: mutation({ summary: 'Has room for few', input: z.string(), output: done, access: anyone }),
  look: query({ summary: 'Has room for all', output: done, access: anyone }),
});
const json = { 'content-type': 'application/json' };

const { authenticate } = await createTestIdentity();
let begun: number;
let full: MeshError | undefined;
let log: ReturnType<typeof recordingLogger>;
let options: ServeOptions;
let service: RunningService;

beforeEach(async () => {
  begun = 0;
  full = new Refusal('TOO_MANY_REQUESTS', 'No bed is free', { retryAfterMs: 1000 });
  log = recordingLogger();
  options = { version: '1', port: 0, log, authenticate, pingDatabase: async () => {} };
  const stay = async () => {
    begun += 1;
    return {};
  };
  service = await serve(
    hostel,
    { stay, look: async () => ({}) },
    { ...options, rooms: { stay: () => full } },
  );
  service.ready();
});
afterEach(() => service.stop());

async function ask(headers: Record<string, string> = json, body = '"a night"') {
  const answer = await fetch(`${service.url}/trpc/stay`, { method: 'POST', headers, body });
  return {
    status: answer.status,
    retryAfter: answer.headers.get('retry-after'),
    body: (await answer.json()) as { error?: unknown },
  };
}

test.each([
  ['the fast path', json],
  ['tRPC’s adapter', { ...json, 'trpc-accept': 'application/json' }],
])('what comes by %s is refused in the words of who has no room', async (_way, headers) => {
  const { status, retryAfter, body } = await ask(headers);
  expect([status, retryAfter]).toEqual([429, '1']);
  expect(body.error).toMatchObject({
    message: 'No bed is free',
    data: { code: 'TOO_MANY_REQUESTS', retry: 'safe', retryAfterMs: 1000, path: 'stay' },
  });
  expect(begun).toBe(0);
  full = undefined;
  expect((await ask(headers)).status).toBe(200);
  expect(begun).toBe(1);
});

test('neither credentials nor a body are looked at, and other calls go on', async () => {
  const headers = { ...json, authorization: 'Service-Token a.b.c' };
  expect((await ask(headers, '{ no JSON')).status).toBe(429);
  expect((await fetch(`${service.url}/trpc/look`)).status).toBe(200);
});

test('it is counted, and logged in summary', async () => {
  const counted = async (): Promise<number> => {
    const { text } = await exposition();
    return Number(/shed_total\{procedure="stay",.*reason="room"\} (\d+)/.exec(text)?.[1] ?? 0);
  };
  const before = await counted();
  for (let n = 0; n < 5; n++) await ask();
  expect(await counted()).toBe(before + 5);
  const lines = log.lines.filter(({ message }) => message.includes('calls of stay'));
  expect(lines.map(({ level }) => level)).toEqual(['warn']);
});

test('there is no room for what there is not', async () => {
  await expect(
    serve(
      hostel,
      { stay: async () => ({}), look: async () => ({}) },
      { ...options, rooms: { leave: () => full } },
    ),
  ).rejects.toThrow('hostel: rooms names leave, which is not a procedure');
});
