import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { noFault, random, startFaultProxy, type FaultProxy } from './src/fault-proxy/index.ts';
import { until } from './src/mesh.ts';

let server: Server;
/** Requests that reached the server, such as `GET /a`. */
let asked: string[];
let passedOn: string;
let proxy: FaultProxy;
let callers: Socket[];

beforeEach(async () => {
  asked = [];
  passedOn = '';
  callers = [];
  server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    response.end('the answer');
  });
  // After this upgrade, the connection echoes each line.
  server.on('upgrade', (_request, socket) => {
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n');
    socket.on('data', (line: Buffer) => socket.write(line));
    socket.on('end', () => socket.end()).on('error', () => {});
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  proxy = await startFaultProxy(`http://127.0.0.1:${port}`, {
    onPassedOn: (bytes) => (passedOn += bytes.toString()),
  });
});
afterEach(async () => {
  for (const caller of callers) caller.destroy();
  await proxy[Symbol.asyncDispose]();
  server.closeAllConnections();
  server.close();
});

/** Opens a connection to the proxy, and records what happens to it. */
async function open() {
  const socket = connect({ port: Number(new URL(proxy.url).port), host: '127.0.0.1', allowHalfOpen: true });
  callers.push(socket);
  const seen = { text: '', firstAt: 0, lastAt: 0, ended: false, error: '' };
  socket.on('data', (chunk: Buffer) => {
    seen.text += chunk.toString();
    seen.lastAt = performance.now();
    seen.firstAt ||= seen.lastAt;
  });
  socket.on('end', () => (seen.ended = true));
  socket.on('error', (error: NodeJS.ErrnoException) => (seen.error = error.code ?? error.message));
  await once(socket, 'connect');
  return { socket, seen };
}

const request = 'GET /a HTTP/1.1\r\nHost: test\r\n\r\n';
const upgrade = 'GET /a HTTP/1.1\r\nHost: test\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n';

/** A connection that has sent one request. */
async function ask(text = request) {
  const one = await open();
  one.socket.write(text);
  return { ...one, askedAt: performance.now() };
}

/** A connection after an upgrade, with nothing received since. */
async function openUpgraded() {
  const one = await ask(upgrade);
  await until(() => one.seen.text.endsWith('\r\n\r\n'), 'it is upgraded');
  one.seen.text = '';
  one.seen.firstAt = 0;
  return one;
}

/** How long to wait for something that must not happen, in milliseconds. */
const neverMs = 200;
const silence = () => new Promise((resolve) => setTimeout(resolve, neverMs));

test('without a fault all passes, and is told of', async () => {
  const { seen } = await ask();
  await until(() => seen.text.endsWith('the answer'), 'it is answered');
  expect([asked, passedOn, seen.ended]).toEqual([['GET /a'], request, false]);
  expect(proxy.connections).toBe(1);
});

test('a caller that ends its connection ends the one to the server', async () => {
  const { socket } = await openUpgraded();
  socket.end();
  await until(() => proxy.connections === 0, 'it is gone');
  await until(
    () => new Promise((resolve) => server.getConnections((_error, count) => resolve(count === 0))),
    'the server has none',
  );
  expect(proxy.connections).toBe(0);
});

describe('delay', () => {
  test('each way takes so much longer, and order stays', async () => {
    const { socket, seen } = await openUpgraded();
    await proxy.set({ kind: 'delay', ms: 100 });
    const from = performance.now();
    socket.write('1');
    setTimeout(() => socket.write('2'), 20);
    await until(() => seen.text === '12', 'both are back');
    expect(seen.firstAt - from).toBeGreaterThan(195);
    expect(seen.firstAt - from).toBeLessThan(1000);
  });

  test('jitter is from none to so much, by the seed, and order stays', async () => {
    const { socket, seen } = await openUpgraded();
    await proxy.set({ kind: 'jitter', ms: 60, seed: 1 });
    const from = performance.now();
    for (const digit of '123456789') {
      socket.write(digit);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await until(() => seen.text.length === 9, 'all are back');
    expect(seen.text).toBe('123456789');
    expect(seen.lastAt - from).toBeGreaterThan(45);
  });

  test('what was held back comes when it goes', async () => {
    const { socket, seen } = await openUpgraded();
    await proxy.set({ kind: 'delay', ms: 60_000 });
    socket.write('1');
    await silence();
    expect(seen.text).toBe('');
    await proxy.set(noFault);
    await until(() => seen.text === '1', 'it is back');
  });
});

describe('reset', () => {
  test('at once: a new connection and one that stands, and nothing is passed on', async () => {
    const standing = await openUpgraded();
    const before = passedOn;
    await proxy.set({ kind: 'reset', when: 'at-once' });
    const fresh = await ask();
    await until(() => fresh.seen.error !== '' && standing.seen.error !== '', 'both are reset');
    expect([fresh.seen.error, standing.seen.error]).toEqual(['ECONNRESET', 'ECONNRESET']);
    expect([passedOn, proxy.connections]).toEqual([before, 0]);
  });

  test('before the answer: the server got the request', async () => {
    await proxy.set({ kind: 'reset', when: 'before-the-answer' });
    const { seen } = await ask();
    await until(() => seen.error !== '', 'it is reset');
    expect([seen.error, seen.text, asked]).toEqual(['ECONNRESET', '', ['GET /a']]);
  });

  test('before the answer, on a connection that stands', async () => {
    const { socket, seen } = await openUpgraded();
    await proxy.set({ kind: 'reset', when: 'before-the-answer' });
    await silence();
    expect(seen.error).toBe('');
    socket.write('1');
    await until(() => seen.error !== '', 'it is reset');
    expect(seen.text).toBe('');
  });
});

describe('silence', () => {
  test('black hole: accepted, nothing passes, and what was lost stays lost', async () => {
    const standing = await openUpgraded();
    passedOn = '';
    await proxy.set({ kind: 'black-hole' });
    const fresh = await ask();
    standing.socket.write('1');
    await silence();
    await proxy.set(noFault);
    standing.socket.write('2');
    await silence();
    expect([fresh.seen, standing.seen]).toMatchObject([
      { text: '', ended: false, error: '' },
      { text: '', ended: false, error: '' },
    ]);
    expect([passedOn, asked]).toEqual(['', []]);
  });

  test('half-open: the server gets it all, the caller nothing', async () => {
    const standing = await openUpgraded();
    await proxy.set({ kind: 'half-open' });
    passedOn = '';
    standing.socket.write('1');
    await until(() => passedOn === '1', 'what the standing one sent has arrived');
    const fresh = await ask();
    await until(() => asked.length === 1, 'the request has arrived');
    await silence();
    expect([fresh.seen, standing.seen]).toMatchObject([
      { text: '', ended: false, error: '' },
      { text: '', ended: false, error: '' },
    ]);
  });

  test('a connection that lost nothing is well when they are over', async () => {
    const { socket, seen } = await openUpgraded();
    await proxy.set({ kind: 'black-hole' });
    await proxy.set({ kind: 'half-open' });
    await proxy.set(noFault);
    socket.write('1');
    await until(() => seen.text === '1', 'it is answered');
    expect(passedOn.endsWith('1')).toBe(true);
  });

  test('stall: nothing passes, and nothing is lost', async () => {
    const { socket, seen } = await openUpgraded();
    await proxy.set({ kind: 'stall' });
    socket.write('1');
    const fresh = await ask();
    await silence();
    expect([seen.text, fresh.seen.text, asked]).toEqual(['', '', []]);
    await proxy.set(noFault);
    await until(() => seen.text === '1' && fresh.seen.text.endsWith('the answer'), 'all has come');
  });
});

describe('answers', () => {
  test('drip: some bytes at a time', async () => {
    const { socket, seen } = await openUpgraded();
    await proxy.set({ kind: 'drip', bytes: 2, everyMs: 50 });
    const from = performance.now();
    socket.write('12345');
    await until(() => seen.text === '12345', 'all is there');
    expect(seen.firstAt - from).toBeGreaterThan(45);
    expect(seen.lastAt - seen.firstAt).toBeGreaterThan(95);
  });

  test('truncated: so many bytes, then FIN', async () => {
    await proxy.set({ kind: 'truncate', bytes: 12 });
    const { seen } = await ask();
    await until(() => seen.ended, 'it is ended');
    expect([seen.text, seen.error]).toEqual(['HTTP/1.1 200', '']);
  });

  test('truncated, counted from when it was set', async () => {
    const { socket, seen } = await openUpgraded();
    await proxy.set({ kind: 'truncate', bytes: 3 });
    socket.write('12');
    await until(() => seen.text === '12', 'it is answered');
    expect(seen.ended).toBe(false);
    socket.write('3456');
    await until(() => seen.ended, 'it is ended');
    expect([seen.text, seen.error]).toEqual(['123', '']);
  });
});

describe('a load balancer', () => {
  test.each([502, 503] as const)('answers %d, to requests and to upgrades', async (status) => {
    await proxy.set({ kind: 'http-error', status });
    const { port } = new URL(proxy.url);
    const post = await fetch(`http://127.0.0.1:${port}/a`, { method: 'POST', body: 'x'.repeat(100_000) });
    expect([post.status, post.headers.get('content-type'), post.headers.get('retry-after')]).toEqual([
      status,
      'text/html',
      null,
    ]);
    expect(await post.text()).toContain('<html>');
    const upgraded = await ask(upgrade);
    await until(() => upgraded.seen.ended, 'it is ended');
    expect(upgraded.seen.text).toContain(`HTTP/1.1 ${status} `);
    expect([asked, passedOn]).toEqual([[], '']);
  });

  test('says when to come again', async () => {
    await proxy.set({ kind: 'http-error', status: 503, retryAfterS: 7 });
    expect((await fetch(proxy.url)).headers.get('retry-after')).toBe('7');
  });

  test('ends what stood', async () => {
    const standing = await openUpgraded();
    await proxy.set({ kind: 'http-error', status: 503 });
    await until(() => standing.seen.ended, 'it is ended');
    expect(standing.seen).toMatchObject({ text: '', error: '' });
    standing.socket.end();
    await until(() => proxy.connections === 0, 'it is gone');
  });
});

test('refuse: nobody listens, what stood is reset, and all is well afterwards at the same place', async () => {
  const standing = await openUpgraded();
  await proxy.set({ kind: 'refuse' });
  await until(() => standing.seen.error === 'ECONNRESET', 'it is reset');
  await expect(open()).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  await proxy.set(noFault);
  const { seen } = await ask();
  await until(() => seen.text.endsWith('the answer'), 'it is answered');
});

describe('by chance', () => {
  /** The outcomes of a number of connections. */
  async function fates(count: number): Promise<string> {
    let all = '';
    for (let n = 0; n < count; n++) {
      const { socket, seen } = await ask();
      await until(() => seen.error !== '' || seen.text.endsWith('the answer'), 'it has ended');
      all += seen.error === '' ? '.' : 'x';
      // Existing connections may also be drawn.
      socket.destroy();
      await until(() => proxy.connections === 0, 'it is gone');
    }
    return all;
  }
  const faults = [{ kind: 'reset', when: 'at-once' }] as const;

  test('a share of the connections, the same for the same seed', async () => {
    await proxy.set(random({ seed: 3, faults, share: 0.5 }));
    const first = await fates(8);
    await proxy.set(random({ seed: 3, faults, share: 0.5 }));
    expect(await fates(8)).toBe(first);
    expect(first).toMatch(/x.*\.|\..*x/);
  });

  test('none and all', async () => {
    await proxy.set(random({ seed: 3, faults, share: 0 }));
    expect(await fates(3)).toBe('...');
    await proxy.set(random({ seed: 3, faults, share: 1 }));
    expect(await fates(3)).toBe('xxx');
  });

  test('a share of the chunks, on a connection that was well so far', async () => {
    const { socket, seen } = await openUpgraded();
    await proxy.set(random({ seed: 5, faults, share: 0.2, per: 'chunk' }));
    let sent = 0;
    while (seen.error === '' && sent < 100) {
      socket.write('1');
      sent += 1;
      await until(() => seen.error !== '' || seen.text.length === sent, 'it is back');
    }
    expect([seen.error, sent > 1]).toEqual(['ECONNRESET', true]);
  });
});
