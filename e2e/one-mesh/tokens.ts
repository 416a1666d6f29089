import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  randomUUID,
  type KeyObject,
} from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import { goodText, hmacToken, signedToken, unsignedToken, type TokenText } from '../src/forgery.ts';
import { serviceNames, type ServiceName } from '../src/mesh.ts';
import { newPerson } from '../src/people.ts';
import { mesh } from './mesh.ts';

let ann: Awaited<ReturnType<typeof newPerson>>;
let key: KeyObject;
const strangersKey = generateKeyPairSync('ed25519').privateKey;

/** Every token that was sent, valid or not: none may appear in a log. */
const sent = new Set<string>();

beforeAll(async () => {
  ann = await newPerson(mesh, 'Ann');
  key = createPrivateKey({ key: { ...mesh.identity.jwk }, format: 'jwk' });
});

type Headers = Readonly<Record<string, string>>;

/** A procedure that writes, and a valid input for it. */
type Target = readonly [service: ServiceName, path: string, input: () => unknown];

/** One for each service that a user may call, */
const forUsers: readonly Target[] = [
  ['auth', 'users.update', () => ({ name: 'Mallory' })],
  ['notification', 'preferences.set', () => ({ muted: ['page'] })],
  ['wiki', 'pages.create', () => ({ slug: `page-${randomUUID()}`, title: 'A page', body: 'Text' })],
];

/** and one that the services `auth` and `wiki` may call. */
const forServices: readonly Target[] = [
  [
    'notification',
    'notifications.send',
    () => ({ key: randomUUID(), userId: ann.id, topic: 'comment', title: 'Hello', body: 'Text' }),
  ],
];

/** Makes a call with these headers; every word in them that could be a token counts as sent. */
async function callWith([service, path, input]: Target, headers: Headers) {
  for (const value of Object.values(headers)) {
    for (const word of value.split(/[ ,]/)) if (word.length > 20) sent.add(word);
  }
  const answer = await fetch(`${mesh.url(service)}/trpc/${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(input()),
  });
  const text = await answer.text();
  const body = JSON.parse(text) as { error?: { data: { code: string; httpStatus: number } } };
  return { status: answer.status, type: answer.headers.get('content-type'), text, body };
}

/** The relevant outcome of a call, and the tokens in its answer. */
async function outcomeOf(target: Target, headers: Headers) {
  const { status, type, text, body } = await callWith(target, headers);
  const { code, httpStatus } = body.error?.data ?? {};
  return { status, type, code, httpStatus, givenAway: [...sent].filter((token) => text.includes(token)) };
}

const refused = (status: number, code: string) => ({
  status,
  type: 'application/json',
  code,
  httpStatus: status,
  givenAway: [],
});
const unauthorized = refused(401, 'UNAUTHORIZED');
const forbidden = refused(403, 'FORBIDDEN');

const bearer = (token: string): Headers => ({ authorization: `Bearer ${token}` });
const serviceToken = (token: string): Headers => ({ authorization: `Service-Token ${token}` });

const good = (kind: 'user' | 'service'): TokenText =>
  goodText(kind, { kid: mesh.identity.jwk.kid, subject: kind === 'user' ? ann.id : 'wiki-id' });

/** Counts stored rows through valid calls. */
async function count() {
  const admin = await newAdministrator();
  const [me, preferences, notifications, pages, accounts] = await Promise.all([
    ann.auth.users.me.query(),
    ann.notification.preferences.get.query(),
    ann.notification.notifications.unreadCount.query(),
    ann.wiki.pages.list.query({ limit: 100 }),
    admin('users.list?input={"limit":100}'),
  ]);
  return { me, preferences, notifications, pages: pages.items.length, accounts };
}

async function newAdministrator() {
  const token = await mesh.identity.userToken({ role: 'admin' });
  return async (call: string): Promise<unknown> => {
    const answer = await fetch(`${mesh.url('auth')}/trpc/${call}`, { headers: bearer(token) });
    expect(answer.status).toBe(200);
    return answer.json();
  };
}

test('a token with nothing wrong is taken, so that what is refused below is refused for its fault', async () => {
  for (const target of forUsers) {
    expect(await callWith(target, bearer(signedToken(good('user'), key)))).toMatchObject({ status: 200 });
  }
  for (const target of forServices) {
    expect(await callWith(target, serviceToken(signedToken(good('service'), key)))).toMatchObject({
      status: 200,
    });
  }
});

test.each(['iat', 'nbf'])(
  'a token whose %s is 6, 30 or 55 s in the future is taken by every service',
  async (claim) => {
    for (const ahead of [6, 30, 55]) {
      const early = withClaims((now) => ({ [claim]: now + ahead }));
      for (const target of forUsers)
        expect(await callWith(target, bearer(early(good('user'))))).toMatchObject({ status: 200 });
      for (const target of forServices) {
        const own = serviceToken(early(good('service')));
        expect(await callWith(target, own)).toMatchObject({ status: 200 });
        expect(await callWith(target, { ...own, 'x-user-token': early(good('user')) })).toMatchObject({
          status: 200,
        });
      }
    }
  },
);

/** Turns a valid token's content into a bad token. */
type Fault = (text: TokenText) => string;

const withClaims =
  (claims: (now: number) => Record<string, unknown>): Fault =>
  (text) =>
    signedToken({ ...text, claims: { ...text.claims, ...claims(Math.floor(Date.now() / 1000)) } }, key);
const withHeader =
  (header: Record<string, unknown>, by?: KeyObject): Fault =>
  (text) =>
    signedToken({ ...text, header: { ...text.header, ...header } }, by ?? key);
const withText =
  (change: (token: string) => string): Fault =>
  (text) =>
    change(signedToken(text, key));

const faults: readonly (readonly [what: string, fault: Fault])[] = [
  ['is empty', () => ''],
  ['has expired', withClaims((now) => ({ iat: now - 900, nbf: now - 900, exp: now - 60 }))],
  ['has never an end', withClaims(() => ({ exp: undefined }))],
  ['ends with a word', withClaims(() => ({ exp: 'never' }))],
  ['is not yet valid', withClaims((now) => ({ nbf: now + 120 }))],
  ['was issued in the future', withClaims((now) => ({ iat: now + 120 }))],
  ['has another issuer', withClaims(() => ({ iss: 'somebody' }))],
  ['has no issuer', withClaims(() => ({ iss: undefined }))],
  ['has another audience', withClaims(() => ({ aud: 'somebody' }))],
  ['has both audiences', withClaims(() => ({ aud: ['arcadium-users', 'arcadium-services'] }))],
  ['has no audience', withClaims(() => ({ aud: undefined }))],
  ['has no subject', withClaims(() => ({ sub: undefined }))],
  ['has no id', withClaims(() => ({ jti: undefined }))],
  ['has another type', withClaims(() => ({ type: 'admin' }))],
  ['has a role that is none, or no name', withClaims(() => ({ role: 'root', service_name: undefined }))],
  ['has another typ', withHeader({ typ: 'JWT' })],
  ['has no typ', withHeader({ typ: undefined })],
  ['names an unknown key', withHeader({ kid: 'unknown' })],
  ['names a file as its key', withHeader({ kid: '../../../../dev/null' })],
  ['names no key', withHeader({ kid: undefined })],
  ['is signed by a stranger', withHeader({}, strangersKey)],
  [
    'brings its own key',
    (text) =>
      withHeader({ jwk: createPublicKey(strangersKey).export({ format: 'jwk' }) }, strangersKey)(text),
  ],
  ['demands what nobody knows', withHeader({ crit: ['x'], x: 1 })],
  ['names another algorithm', withHeader({ alg: 'RS256' })],
  [
    'has a header that is no object',
    (text) => `${Buffer.from('[]').toString('base64url')}.${unsignedToken(text).split('.')[1] ?? ''}.AAAA`,
  ],
  ...['none', 'None', 'NONE', ''].map((alg): (typeof faults)[number] => [
    `has the algorithm ${JSON.stringify(alg)}`,
    (text) => `${unsignedToken({ ...text, header: { ...text.header, alg } })}.`,
  ]),
  ['is signed by HS256 with the public key as JWK', (text) => asHmac(text, () => mesh.identity.jwk.x)],
  [
    'is signed by HS256 with the public key as bytes',
    (text) => asHmac(text, () => Buffer.from(mesh.identity.jwk.x, 'base64url')),
  ],
  [
    'is signed by HS256 with the public key as PEM',
    (text) => asHmac(text, () => createPublicKey(key).export({ format: 'pem', type: 'spki' })),
  ],
  ['is signed by HS256 with nothing', (text) => asHmac(text, () => '')],
  ['is cut short', withText((token) => token.slice(0, -10))],
  ['is half', withText((token) => token.slice(0, token.length / 2))],
  ['has no signature', withText((token) => token.slice(0, token.lastIndexOf('.') + 1))],
  ['has two parts', withText((token) => token.slice(0, token.lastIndexOf('.')))],
  ['has four parts', withText((token) => `${token}.${token.slice(-20)}`)],
  ['stands there twice', withText((token) => `${token} ${token}`)],
  ['stands there twice, with a comma', withText((token) => `${token}, ${token}`)],
  ['stands there twice in one', withText((token) => token + token)],
  ['stands in quotes', withText((token) => `"${token}"`)],
  ['has a long end', withText((token) => token + 'x'.repeat(10_000))],
  ['is 10 KB of nothing', () => 'x'.repeat(10_240)],
  ['is 10 KB of claims', withClaims(() => ({ padding: 'x'.repeat(7600) }))],
  ['is not ASCII', withText((token) => `${token.slice(0, 40)}\xfc${token.slice(41)}`)],
  ['is not ASCII, in UTF-8', withText((token) => token.replace('.', Buffer.from('․').toString('latin1')))],
  ['has other claims under its signature', withText(withOtherClaims)],
];

function asHmac(text: TokenText, secret: () => string | Buffer): string {
  return hmacToken({ ...text, header: { ...text.header, alg: 'HS256' } }, secret());
}

function withOtherClaims(token: string): string {
  const [header = '', claims = '', signature = ''] = token.split('.');
  const other = {
    ...(JSON.parse(Buffer.from(claims, 'base64url').toString()) as object),
    role: 'admin',
    service_name: 'auth',
  };
  return [header, Buffer.from(JSON.stringify(other)).toString('base64url'), signature].join('.');
}

describe('bad credentials', () => {
  let before: Awaited<ReturnType<typeof count>>;
  beforeAll(async () => {
    before = await count();
  });

  test.each(faults)(
    'a token that %s is refused by every service, a user’s and a service’s',
    async (_what, fault) => {
      for (const target of forUsers)
        expect(await outcomeOf(target, bearer(fault(good('user'))))).toEqual(unauthorized);
      for (const target of forServices)
        expect(await outcomeOf(target, serviceToken(fault(good('service'))))).toEqual(unauthorized);
    },
  );

  test('no credentials are not enough', async () => {
    for (const target of [...forUsers, ...forServices])
      expect(await outcomeOf(target, {})).toEqual(unauthorized);
  });

  test.each([
    'Basic',
    'Token',
    'JWT',
    'Service',
    'ServiceToken',
    'Service-Token:',
    'Bearer:',
    'Digest',
    'null',
    'Bear er',
  ])('a good token is refused under the scheme %s', async (scheme) => {
    for (const target of [...forUsers, ...forServices]) {
      const token = target[1] === 'notifications.send' ? signedToken(good('service'), key) : ann.token;
      expect(await outcomeOf(target, { authorization: `${scheme} ${token}` })).toEqual(unauthorized);
      expect(await outcomeOf(target, { authorization: token })).toEqual(unauthorized);
    }
  });

  test('one kind of token does not pass for the other', async () => {
    const service = await mesh.identity.serviceToken('wiki');
    for (const target of forUsers) expect(await outcomeOf(target, bearer(service))).toEqual(unauthorized);
    for (const target of forServices)
      expect(await outcomeOf(target, serviceToken(ann.token))).toEqual(unauthorized);
  });

  test('good credentials of somebody whom the procedure does not admit are forbidden', async () => {
    for (const name of serviceNames) {
      const token = await mesh.identity.serviceToken(name);
      for (const target of forUsers) {
        expect(await outcomeOf(target, serviceToken(token))).toEqual(forbidden);
        // Not even for a user: a user's procedure is only for users themselves.
        expect(await outcomeOf(target, { ...serviceToken(token), 'x-user-token': ann.token })).toEqual(
          forbidden,
        );
      }
    }
    for (const target of forServices) {
      expect(await outcomeOf(target, bearer(ann.token))).toEqual(forbidden);
      expect(await outcomeOf(target, bearer(await mesh.identity.userToken({ role: 'admin' })))).toEqual(
        forbidden,
      );
      for (const name of ['notification', 'stranger', 'WIKI', 'wiki ', '__proto__']) {
        expect(await outcomeOf(target, serviceToken(await mesh.identity.serviceToken(name)))).toEqual(
          forbidden,
        );
      }
    }
  });

  test('a user’s token beside a service’s is checked as well, and counts for nothing without', async () => {
    const service = await mesh.identity.serviceToken('wiki');
    for (const target of forServices) {
      for (const userToken of ['x', service, ann.token.slice(0, -10), `${ann.token} `.repeat(2).trim()]) {
        expect(await outcomeOf(target, { ...serviceToken(service), 'x-user-token': userToken })).toEqual(
          unauthorized,
        );
      }
    }
    for (const target of [...forUsers, ...forServices]) {
      expect(await outcomeOf(target, { 'x-user-token': ann.token })).toEqual(unauthorized);
      expect(await outcomeOf(target, { ...bearer(ann.token), 'x-user-token': ann.token })).toEqual(
        unauthorized,
      );
      expect(await outcomeOf(target, { authorization: 'Service-Token', 'x-user-token': ann.token })).toEqual(
        unauthorized,
      );
    }
  });

  test('have changed nothing', async () => {
    expect(await count()).toEqual(before);
  });
});

test('the scheme may be written in any case (RFC 9110 §11.1), which makes no bad token good', async () => {
  const [target] = forServices;
  if (!target) throw new Error('There is no procedure for services');
  const service = signedToken(good('service'), key);
  for (const scheme of ['service-token', 'SERVICE-TOKEN']) {
    expect(await callWith(target, { authorization: `${scheme} ${service}` })).toMatchObject({ status: 200 });
    expect(await outcomeOf(target, { authorization: `${scheme} ${service.slice(0, -10)}` })).toEqual(
      unauthorized,
    );
    expect(await outcomeOf(target, { authorization: `${scheme} ${ann.token}` })).toEqual(unauthorized);
  }
});

test('no token stands in anything that a process printed, nor does its signature', () => {
  for (const service of serviceNames) sent.add(mesh.environment(service)['SERVICE_TOKEN'] ?? '');
  const traces = [...sent]
    .flatMap((token) => [token].concat(token.split('.').slice(2)))
    .filter(({ length }) => length > 20);
  expect(traces.length).toBeGreaterThan(200);
  for (const service of serviceNames) {
    const output = mesh.process(service).output();
    // The refusals were logged, so there was something to leak.
    expect(output).toContain('a call was refused');
    expect(traces.filter((trace) => output.includes(trace))).toEqual([]);
  }
});
