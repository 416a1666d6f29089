import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { again, arrayOf, sendAndWait } from './src/hostile/flood.ts';
import { residentMiB } from './src/hostile/process-size.ts';
import { serviceNames, startMesh, until, type TestMesh } from './src/mesh.ts';
import { startNode, type RunningProcess } from './src/process.ts';

/**
 * The longest wait for `/livez` while a service is flooded, in milliseconds. One message of 1 MB used to
 * block it for 18 s. A busy machine is slow, but far from that.
 */
const longestWaitMs = 5000;

/** Number of simultaneous connections. */
const atOnce = 6;

/**
 * How often each invalid message is sent, twice each time: a service that kept them would exceed the limit
 * below.
 */
const rounds = 16;

/** How much a service may grow because of all invalid messages, in MiB. */
const growthMiB = 150;

const onLinux = process.platform === 'linux';

let mesh: TestMesh;
let probe: RunningProcess;
beforeAll(async () => {
  // Without rate limits, which would end the attack before each message is tested.
  mesh = await startMesh();
  probe = startNode('e2e/src/hostile/livez-probe.ts', {}, [], serviceNames.map(mesh.url));
  await until(() => probe.logged().length > 0, 'each service was asked');
});
afterAll(async () => {
  await probe[Symbol.asyncDispose]();
  await mesh[Symbol.asyncDispose]();
});

/** The longest wait of each service so far, in milliseconds, after all have answered again. */
async function waitsAfter(): Promise<number[]> {
  const seen = probe.logged().length;
  await until(() => probe.logged().length > seen + 1, 'each service has answered again');
  return Object.values(probe.logged().at(-1) ?? {}).map(Number);
}

const megabyte = 1_000_000;
type WrongMessage = readonly [what: string, message: string, code: number];
const wrongMessages: readonly WrongMessage[] = [
  ['200 kB of zeros', arrayOf('0', 200_000), 1008],
  ['1 MB of zeros', arrayOf('0', megabyte), 1008],
  ['1 MB of empty objects', arrayOf('{}', megabyte), 1008],
  ['1 MB of brackets', '['.repeat(megabyte / 2) + ']'.repeat(megabyte / 2), 1008],
  ['1 MB of calls of nothing', arrayOf('{"id":1,"method":"query","params":{"path":"x"}}', megabyte), 1008],
  ['1 MB that is no JSON', '"'.repeat(megabyte), 1007],
];

describe.each(serviceNames)('%s', (service) => {
  test('answers a message that is wrong once, closes, and goes on living', async () => {
    const before = onLinux ? residentMiB(mesh.process(service).pid) : 0;
    const attack = async ([what, message, code]: WrongMessage) => {
      const { answers, bytes, ...end } = await sendAndWait(mesh.url(service), [message, message]);
      const right = answers === 1 && bytes < 500 && end.code === code && end.reason !== '';
      return { what, right, answers, bytes, ...end };
    };
    for (let round = 0; round < rounds; round += 1) {
      const ends = await Promise.all(wrongMessages.map(attack));
      expect(ends.filter(({ right }) => !right)).toEqual([]);
    }
    const grownMiB = onLinux ? residentMiB(mesh.process(service).pid) - before : 0;
    expect(grownMiB).toBeLessThan(growthMiB);
    expect(Math.max(...(await waitsAfter()))).toBeLessThan(longestWaitMs);
  });

  test('takes as much in a body of HTTP as amiss, and goes on living', async () => {
    const bodies = [
      ['application/json', '['.repeat(megabyte / 2) + ']'.repeat(megabyte / 2), 400],
      ['application/json', arrayOf('{}', megabyte), 400],
      [
        'multipart/form-data; boundary=x',
        '--x\r\ncontent-disposition: form-data; name="a"\r\n\r\n\r\n'.repeat(20_000),
        415,
      ],
    ] as const;
    for (const [type, body, status] of bodies) {
      for (const path of ['sessions.login', 'pages.get', 'x,x,x?batch=1']) {
        const answers = await again(
          async () => {
            const headers = { 'content-type': type };
            const answer = await fetch(`${mesh.url(service)}/trpc/${path}`, {
              method: 'POST',
              headers,
              body,
            });
            return { status: answer.status, length: (await answer.text()).length };
          },
          { atOnce, forMs: 100 },
        );
        // Batches that are too large, or too much for the time, may be refused.
        const right = new Set([status, 404, 207, 429, 503]);
        expect(answers.filter((answer) => !right.has(answer.status))).toEqual([]);
        expect(Math.max(...answers.map(({ length }) => length))).toBeLessThan(2000);
      }
    }
    expect(Math.max(...(await waitsAfter()))).toBeLessThan(longestWaitMs);
  });

  test('a flood of words and of calls that lead nowhere holds nobody up', async () => {
    const calls = arrayOf('{"id":1,"method":"query","params":{"path":"x"}}', 40_000);
    const words = Array.from({ length: 5000 }, () => 'PING');
    const ends = await again(
      () => sendAndWait(mesh.url(service), [...words, calls, calls, ...words, calls, '0']),
      { atOnce, forMs: 500 },
    );
    expect(ends.filter(({ code }) => code !== 1008)).toEqual([]);
    expect(Math.max(...(await waitsAfter()))).toBeLessThan(longestWaitMs);
  });
});

test('no log says that something is wrong with a service', () => {
  for (const service of serviceNames) {
    const errors = mesh
      .process(service)
      .logged()
      .filter(({ level }) => level === 'error' || level === 'fatal');
    expect(errors.slice(0, 5)).toEqual([]);
  }
});
