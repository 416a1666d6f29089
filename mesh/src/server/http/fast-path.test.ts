import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createReadiness, type Readiness } from '../../health/index.ts';
import { createTestIdentity, recordingLogger, type LoggedLine } from '../../testing/index.ts';
import { answerBrokenRequests } from './broken-request.ts';
import { OpenResponses } from './open-responses.ts';
import { AccessControl } from '../access/access-control.ts';
import { Admission } from '../limits/admission.ts';
import { compile } from '../call/compile.ts';
import { createListener } from './listener.ts';
import { createPeerOf } from '../call/peer.ts';
import { buildRouter } from '../trpc/router.ts';
import { oddCorpus } from '../testing/odd-corpus.ts';
import { headerOf, type RawAnswer } from '../testing/raw-answers.ts';
import { exchange, type Outcome, type RawRequest } from '../testing/raw-exchange.ts';
import { bytesOf, posted, single } from '../testing/raw-requests.ts';
import { classifySample, sampleContract, sampleHandlers } from '../testing/sample.ts';

/** Another seed sends other combinations; a failure names what it sent. */
const seed = 20_260_402;

/** How many connections are open at once to each side. */
const senders = 12;

/** One of two services that differ in nothing but the way that plain calls take. */
interface Side {
  readonly server: Server;
  readonly port: number;
  readonly readiness: Readiness;
  readonly lines: readonly LoggedLine[];
  /** The signals of the calls of `stay`, by their input. */
  readonly staying: ReadonlyMap<string, AbortSignal>;
}

type Way = 'fast path' | 'adapter';
type Sides = Readonly<Record<Way, Side>>;

const identity = await createTestIdentity();
let sides: Sides;

async function start(way: Way): Promise<Side> {
  const log = recordingLogger();
  const readiness = createReadiness();
  const staying = new Map<string, AbortSignal>();
  const handlers = sampleHandlers((name, signal) => staying.set(name, signal));
  // However busy the machine is: what is refused for that is no difference.
  const admission = new Admission('sample', log, { turnMs: Infinity });
  const procedures = compile(sampleContract, handlers, { log, admission });
  const route = { router: buildRouter(procedures, { classify: classifySample }) };
  const server = createServer(
    { keepAliveTimeout: 60_000 },
    createListener({
      routeOf: () => route,
      procedures: way === 'fast path' ? procedures : [],
      routes: {},
      authenticate: identity.authenticate,
      access: new AccessControl({ log }),
      peerOf: createPeerOf(),
      classify: classifySample,
      readiness,
      contractHash: () => '0123456789abcdef',
      log,
    }),
  );
  answerBrokenRequests(server, new OpenResponses(server));
  started.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { server, port, readiness, lines: log.lines, staying };
}

const startBoth = async (): Promise<Sides> => ({
  'fast path': await start('fast path'),
  adapter: await start('adapter'),
});

const started: Server[] = [];
beforeAll(async () => {
  sides = await startBoth();
  for (const { readiness } of Object.values(sides)) readiness.ready();
});
afterAll(() => {
  for (const server of started) {
    server.close();
    server.closeAllConnections();
  }
});

/** The call that must work after whatever came before it on the same connection. */
const next = bytesOf({ target: '/trpc/status', headers: { connection: 'close', 'x-request-id': 'next' } });

/**
 * The headers that are not compared: `date` is when it was; and the length of
 * a body is known on the fast path, where tRPC's adapter sends chunks. That
 * the one fits the body, and the other is well-formed, is seen by reading it.
 */
const notCompared: ReadonlySet<string> = new Set(['date', 'content-length', 'transfer-encoding']);

const madeUpId = /[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}/g;

/** An outcome as text: all of it, each byte of each body included, but ids that were made up, and the headers above. */
function textOf({ answers, ...rest }: Outcome): string {
  const compared = answers.map(({ headers, ...answer }) => ({
    ...answer,
    headers: headers.filter(([name]) => !notCompared.has(name)).toSorted(),
  }));
  return JSON.stringify({ ...rest, answers: compared }, undefined, 1).replaceAll(madeUpId, 'an id');
}

/** Sends all to both sides, and says where they differ. */
async function compare(requests: readonly RawRequest[], between: Sides = sides) {
  const differences: { what: string; fastPath: string; adapter: string }[] = [];
  const answers: RawAnswer[] = [];
  const queue = requests.values();
  const send = async (): Promise<void> => {
    for (const request of queue) {
      const [ours, theirs] = await Promise.all([
        exchange(between['fast path'].port, request, next),
        exchange(between.adapter.port, request, next),
      ]);
      answers.push(...ours.answers);
      const [fastPath, adapter] = [textOf(ours), textOf(theirs)];
      if (fastPath !== adapter) differences.push({ what: request.what, fastPath, adapter });
    }
  };
  await Promise.all(Array.from({ length: senders }, send));
  return { differences, answers };
}

/** Those that the adapter did not write: it sends chunks. */
const fromFastPath = (answers: readonly RawAnswer[]): RawAnswer[] =>
  answers.filter((answer) => headerOf(answer, 'vary') && headerOf(answer, 'content-length'));

const fewCalls = [
  single({ target: '/trpc/status' }),
  single({ target: '/trpc/watch' }),
  single({ target: '/trpc/nothing' }),
  single({ target: '/trpc/status?batch=1' }),
  single(posted('store', '{"a":1}')),
  single(posted('items.add', '{')),
];

test('before the service is ready, both refuse', async () => {
  const { differences, answers } = await compare(fewCalls, await startBoth());
  expect(differences).toEqual([]);
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([503]));
});

test('where the server closes the connection after the answer, as it does while it drains, both say so', async () => {
  const draining = await startBoth();
  for (const { readiness, server } of Object.values(draining)) {
    readiness.ready();
    server.prependListener('request', (_request, response) => (response.shouldKeepAlive = false));
  }
  const { differences, answers } = await compare(fewCalls, draining);
  expect(differences).toEqual([]);
  // tRPC's adapter says of a stream that it is kept; the drain closes it all the same.
  const unary = answers.filter((answer) => headerOf(answer, 'content-type') === 'application/json');
  expect(new Set(unary.map((answer) => headerOf(answer, 'connection')))).toEqual(new Set(['close']));
});

describe('what is sent to both', () => {
  test('is answered the same', async () => {
    const anHourAgo = new Date(Date.now() - 3_600_000);
    const corpus = oddCorpus(seed, {
      user: `Bearer ${await identity.userToken({ name: 'Bea' })}`,
      service: `Service-Token ${await identity.serviceToken('till')}`,
      other: `Service-Token ${await identity.serviceToken('other')}`,
      expired: `Bearer ${await identity.userToken({}, anHourAgo)}`,
    });
    expect(corpus.length).toBeGreaterThan(3000);
    const { differences, answers } = await compare(corpus);
    expect(differences.slice(0, 20)).toEqual([]);
    const others = answers.filter((answer) => headerOf(answer, 'x-request-id') !== 'next');
    expect(fromFastPath(others).length).toBeGreaterThan(1000);
    expect(others.length - fromFastPath(others).length).toBeGreaterThan(1000);
  });

  test('is logged the same', () => {
    const logged = Object.values(sides).map(({ lines }) => countOf(lines));
    expect(logged[0]).toEqual(logged[1]);
  });
});

/**
 * How often each line was logged. Two differences are meant: the fast path
 * also says that a caller went before its body was there, and it names the
 * procedure whose answer cannot be written, where the adapter has forgotten it.
 */
function countOf(lines: readonly LoggedLine[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { level, message, fields } of lines) {
    const { code, reason, procedure } = fields;
    if (code === 'CLIENT_CLOSED_REQUEST') continue;
    const unwritten = code === 'INTERNAL_SERVER_ERROR' || code === 'UNSUPPORTED_MEDIA_TYPE';
    const line = [level, message, code, unwritten ? '' : procedure, reason].join(' ');
    counts[line] = (counts[line] ?? 0) + 1;
  }
  return counts;
}

/** Plain calls, which are what the fast path is for. */
test.each([
  ['a query', single({ target: '/trpc/status' })],
  ['a query with an input', single({ target: `/trpc/items.get?input=${encodeURIComponent('{"id":1}')}` })],
  ['a query that names a content type', single({ ...posted('status', undefined), method: 'GET' })],
  ['a query by POST', single(posted('items.get', '{"id":1}'))],
  ['a mutation', single(posted('store', '{"a":1}'))],
  ['a mutation without an input', single(posted('clear', undefined))],
  ['an error', single({ target: '/trpc/items.get' })],
])('%s takes the fast path', async (_what, request) => {
  const { answers } = await exchange(sides['fast path'].port, request, next);
  expect(fromFastPath(answers)).toHaveLength(2);
});

describe.each(['fast path', 'adapter'] as const)('a caller that goes, by the %s', (way) => {
  const staying = (name: string) =>
    bytesOf({ target: `/trpc/stay?input=${encodeURIComponent(`"${name}"`)}` });
  const signal = (name: string) => sides[way].staying.get(name);

  test.each([
    ['alone', [staying('alone')], ['alone']],
    ['by-post', [bytesOf(posted('stay', '"by-post"'))], ['by-post']],
    ['in a queue', [staying('first'), staying('second'), bytesOf(posted('store', '1'))], ['first', 'second']],
  ])('is not worked for any more: %s', async (_what, pieces, names) => {
    const socket = connect(sides[way].port, '127.0.0.1');
    socket.write(Buffer.concat(pieces));
    for (const name of names) await expect.poll(() => signal(name)?.aborted).toBe(false);
    socket.resetAndDestroy();
    for (const name of names) {
      await expect.poll(() => signal(name)?.reason).toMatchObject({ code: 'CLIENT_CLOSED_REQUEST' });
    }
  });

  test('leaves nothing behind, wherever in its request it went', async () => {
    const request = bytesOf(posted('store', '{"text":"some text"}'));
    await Promise.all(
      Array.from(request.keys(), async (length) => {
        const socket = connect(sides[way].port, '127.0.0.1');
        socket.on('error', () => {});
        socket.write(request.subarray(0, length), () => socket.resetAndDestroy());
        await once(socket, 'close');
      }),
    );
    const { server } = sides[way];
    const connections = promisify(server.getConnections.bind(server));
    await expect.poll(() => connections()).toBe(0);
  });
});
