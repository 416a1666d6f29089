import { once } from 'node:events';
import { readFileSync, rmSync } from 'node:fs';
import { Agent, type IncomingMessage } from 'node:http';
import { connect as connectHttp2, type IncomingHttpHeaders } from 'node:http2';
import { Agent as HttpsAgent, get } from 'node:https';
import { connect as connectSocket } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { connect as connectTls, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openLoop } from '../src/load/open-loop.ts';
import { plainRequest } from '../src/load/plain-request.ts';
import { until } from '../src/mesh.ts';
import { newPerson } from '../src/people.ts';
import { root } from '../src/process.ts';
import { writeCertificates } from '../../cli/src/compose/certificates.ts';
import { allHealthy, compose, ports, project, signal, succeed, type ServiceName } from './containers.ts';
import { sessionsOf } from './edge-state.ts';

// The edge before two replicas of auth and of the wiki.

const mesh = { url: (service: ServiceName) => `http://localhost:${ports[service]}` };
const address = (service: ServiceName) => `http://127.0.0.1:${ports[service]}`;

let ann: Awaited<ReturnType<typeof newPerson>>;

beforeAll(async () => {
  await succeed('npm', 'run', 'compose', '--', '--scale', 'auth=2', '--scale', 'wiki=2');
  ann = await newPerson(mesh, 'ann', { transport: 'http' });
});
afterAll(async () => {
  await compose('down', '--volumes', '--remove-orphans');
});

/** What a service answers to these bytes, as text, once the connection has ended. */
async function rawAnswer(service: ServiceName, ...parts: string[]): Promise<string> {
  const socket = connectSocket(ports[service], '127.0.0.1');
  const answer = text(socket);
  for (const part of parts) {
    socket.write(part);
    await delay(200);
  }
  return await answer;
}

const authority = () => readFileSync(join(root, 'docker/secrets/tls/ca.crt'), 'utf8');

async function tlsTo(service: ServiceName, options: ConnectionOptions): Promise<TLSSocket> {
  const socket = connectTls({ host: '127.0.0.1', port: ports[service], ca: authority(), ...options });
  await once(socket, 'secureConnect');
  return socket;
}

/** The status that `/livez` of a service answers over TLS. */
async function secureRequest(
  service: ServiceName,
  agent: HttpsAgent | undefined,
): Promise<number | undefined> {
  const url = `https://127.0.0.1:${ports[service]}/livez`;
  const request = get(url, { ca: authority(), agent: agent ?? false });
  const [answer] = (await once(request, 'response')) as [IncomingMessage];
  answer.resume();
  await once(answer, 'end');
  return answer.statusCode;
}

test('answers have the security headers, each once', async () => {
  for (const service of ['wiki', 'dashboard'] as const) {
    const { headers } = await fetch(`${address(service)}/`, { headers: { accept: 'text/html' } });
    expect(Object.fromEntries(headers)).toMatchObject({
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
    });
    expect(headers.get('strict-transport-security')).toBeNull();
    expect(headers.has('x-frame-options')).toBe(!headers.has('content-security-policy'));
  }
});

test('a stream of events and a WebSocket pass at once, and stay open while nothing happens', async () => {
  const [ben, cat] = [await newPerson(mesh, 'ben'), await newPerson(mesh, 'cat')];
  for (const reader of [ann, cat]) {
    const seen: unknown[] = [];
    const watching = reader.notification.notifications.watch.subscribe(undefined, {
      onData: (event) => seen.push(event),
    });
    const page = await reader.wiki.pages.create.mutate({
      slug: `watched-${reader.id}`,
      title: 'Watched',
      body: 'Words.',
    });
    await delay(5000);
    await ben.wiki.comments.create.mutate({ pageId: page.id, body: 'A word.' });
    await expect.poll(() => JSON.stringify(seen), { timeout: 20_000 }).toContain('comment');
    watching.unsubscribe();
  }
});

test('what cannot be served is refused at the edge, in the words of tRPC', async () => {
  const tooLong = await rawAnswer(
    'wiki',
    `POST /trpc/pages.create HTTP/1.1\r\nhost: wiki\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: 3000000\r\n\r\n`,
  );
  expect(tooLong).toMatch(/^HTTP\/1\.1 413 [\s\S]*"code":"PAYLOAD_TOO_LARGE"/);
  const broken = await rawAnswer('wiki', 'GET / HTTP/1.1\r\nhost: a\r\nbad header\r\n\r\n');
  expect(broken).toMatch(/^HTTP\/1\.1 400 /);
});

test('slow callers end after ten seconds, and hold no replica until then', async () => {
  const before = await sessionsOf('wiki');
  const head = 'POST /trpc/pages.create HTTP/1.1\r\nhost: wiki\r\ncontent-type: application/json\r\n';
  const startedAt = performance.now();
  const answers = await Promise.all([
    rawAnswer('wiki', 'GET / HTTP/1.1\r\n', 'host: wiki\r\n'),
    rawAnswer('wiki', `${head}content-length: 1000\r\n\r\n`, '{"title":', '"S'),
  ]);
  expect((performance.now() - startedAt) / 1000).toBeLessThan(20);
  for (const answer of answers) expect(answer).toMatch(/^HTTP\/1\.1 408 /);
  expect(answers[1]).toContain('"code":"TIMEOUT"');
  expect(await sessionsOf('wiki')).toEqual(before);
});

test('a frozen replica gets nothing after its check, and calls again once it is back', async () => {
  const page = await ann.wiki.pages.create.mutate({ slug: 'frozen', title: 'Frozen', body: 'Words.' });
  const input = encodeURIComponent(JSON.stringify({ id: page.id }));
  const headers = { authorization: `Bearer ${ann.token}` };
  const agent = new Agent({ keepAlive: true, maxSockets: 10 });
  const ask = async (n: number) => {
    const url = `${address('wiki')}/trpc/pages.get?input=${input}`;
    const { status, body } = await plainRequest(url, { agent: n % 2 === 0 ? agent : false, headers });
    if (status !== 200) throw new Error(`${status}: ${body}`);
  };
  await signal(`${project}-wiki-2`, 'STOP', ['node', 'src/main.ts']);
  // Two checks of a second each, and what is between them.
  await delay(4000);
  const before = await sessionsOf('wiki');
  const { failures, latencies } = await openLoop({ perSecond: 50, calls: 250, call: ask });
  const after = await sessionsOf('wiki');
  await signal(`${project}-wiki-2`, 'CONT', ['node', 'src/main.ts']);
  expect(failures).toEqual([]);
  expect(Math.max(...latencies)).toBeLessThan(2000);
  const busy = [...after].filter(([name, count]) => count !== before.get(name));
  expect(busy).toHaveLength(1);

  await until(async () => {
    await openLoop({ perSecond: 50, calls: 20, call: ask });
    const now = await sessionsOf('wiki');
    return [...now].every(([name, count]) => count !== after.get(name));
  }, 'both replicas get calls again');
  agent.destroy();
  await allHealthy();
});

test('each port speaks TLS 1.3 with HTTP/2 too, and no older TLS', async () => {
  const socket = await tlsTo('wiki', { servername: 'localhost', ALPNProtocols: ['h2', 'http/1.1'] });
  expect([socket.getProtocol(), socket.alpnProtocol, socket.authorized]).toEqual(['TLSv1.3', 'h2', true]);
  socket.destroy();
  await expect(tlsTo('wiki', { servername: 'localhost', maxVersion: 'TLSv1.2' })).rejects.toThrow(
    /protocol version/,
  );
  await expect(tlsTo('wiki', { servername: 'wiki.example.com' })).rejects.toThrow(/altnames/);

  const session = connectHttp2(`https://localhost:${ports.wiki}`, { ca: authority() });
  const headersOf = async (host: string) => {
    const stream = session.request({ ':path': '/livez', ':authority': host });
    stream.resume();
    const [headers] = (await once(stream, 'response')) as [IncomingHttpHeaders];
    return headers;
  };
  expect(await headersOf('wiki.example.com')).toMatchObject({
    ':status': 200,
    'strict-transport-security': 'max-age=31536000',
  });
  // For all ports of this machine it would say that they have TLS.
  expect(await headersOf(`localhost:${ports.wiki}`)).not.toHaveProperty('strict-transport-security');
  session.destroy();
});

test('certificates are exchanged while calls go on: new connections get the new one, and none fails', async () => {
  const agent = new HttpsAgent({ keepAlive: true, maxSockets: 5, ca: authority() });
  let over = false;
  const ask = async (n: number) => {
    const answer = await secureRequest('wiki', n % 2 === 0 ? agent : undefined);
    if (answer !== 200) throw new Error(String(answer));
  };
  const serialNumber = async () => {
    const socket = await tlsTo('wiki', { servername: 'localhost' });
    const { serialNumber: serial } = socket.getPeerCertificate();
    socket.destroy();
    return serial;
  };
  const load = openLoop({ perSecond: 50, stopped: () => over, call: ask });
  for (let n = 0; n < 3; n += 1) {
    const before = await serialNumber();
    rmSync(join(root, 'docker/secrets/tls/edge/tls.crt'));
    writeCertificates(root);
    await expect.poll(serialNumber, { timeout: 20_000 }).not.toBe(before);
  }
  over = true;
  const { calls, failures } = await load;
  agent.destroy();
  console.log(`${calls} calls while the certificate was exchanged three times`);
  expect(failures).toEqual([]);
});

test('replicas count an address together, which no header can change', async () => {
  const logIn = async (n: number) => {
    const headers = {
      'content-type': 'application/json',
      'x-forwarded-for': `203.0.113.${n}`,
      forwarded: `for=203.0.113.${n}`,
    };
    const options = { agent: false, headers, body: '{}' } as const;
    return (await plainRequest(`${address('auth')}/trpc/sessions.login`, options)).body;
  };
  // The contract allows 30 a minute: counted by each of the two replicas, none of 45 would be refused.
  const answers: string[] = [];
  for (let n = 0; n < 45; n += 1) answers.push(await logIn(n));
  const limited = answers.filter((answer) => answer.includes('Too many calls of sessions.login'));
  expect(limited.length).toBeGreaterThanOrEqual(15);
});

test('one address cannot take all of the edge', async () => {
  const { code, message } = await limitedEdge();
  expect([code, message]).toEqual(['TOO_MANY_REQUESTS', 'Too many requests from this address']);
});

/** The refusal of an edge that takes five requests a second. */
async function limitedEdge(): Promise<{ code: string; message: string }> {
  process.env['EDGE_REQUESTS_PER_SECOND'] = '5';
  try {
    await compose('up', '--detach', '--no-deps', '--wait', 'edge');
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => plainRequest(`${address('auth')}/livez`, { agent: false })),
    );
    const refused = answers.find(({ status }) => status === 429);
    const { error } = JSON.parse(refused?.body ?? '{}') as {
      error: { message: string; data: { code: string } };
    };
    return { code: error.data.code, message: error.message };
  } finally {
    delete process.env['EDGE_REQUESTS_PER_SECOND'];
    await compose('up', '--detach', '--no-deps', '--wait', 'edge');
  }
}
