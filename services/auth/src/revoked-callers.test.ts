import { randomUUID } from 'node:crypto';
import { authContract } from '@arcadium/contracts/auth';
import { admit, entriesOf, nobody } from '@arcadium/mesh/contract';
import { publicPart } from '@arcadium/mesh/identity';
import { importSigningKey, generateSigningKey, type SigningKey } from '@arcadium/mesh/issuer';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { callPlainly, newService, newUser, type TestService, type TestUser } from './testing/callers.ts';
import { fingerprints, holdIdentities, type HeldIdentities } from './testing/held-identities.ts';
import { startReplicas, type Replicas } from './testing/replicas.ts';

let auth: Replicas;
beforeAll(async () => {
  auth = await startReplicas(1);
});
afterAll(() => auth[Symbol.asyncDispose]());

/** The parties of a call; only the caller matters here. */
type Parties = { user: TestUser; service: TestService; other: TestUser };
type InputOf = (parties: Parties) => unknown;

const denial = () => ({
  id: randomUUID(),
  since: new Date().toISOString(),
  count: 1,
  caller: { kind: 'user', id: randomUUID() },
  userId: null,
  procedure: 'pages.create',
  reason: 'not-admitted',
  message: 'no',
  mode: 'enforce',
  address: null,
  requestId: null,
});
const newPassword = 'a password that is new here';

/** Mutations that change no identity, only notifications; they take no lock on identities. */
const ofNoIdentity: ReadonlySet<string> = new Set(['outbox.retry', 'outbox.drop']);

/** A call of each other mutation that requires a caller. Add new ones here. */
const inputs: Record<string, InputOf> = {
  'users.update': () => ({ name: 'Another' }),
  'users.changePassword': ({ user }) => ({ currentPassword: user.password, newPassword }),
  'users.setRole': ({ other }) => ({ id: other.id, role: 'admin' }),
  'users.disable': ({ other }) => ({ id: other.id }),
  'users.enable': ({ other }) => ({ id: other.id }),
  'users.create': () => ({ email: `${randomUUID()}@example.com`, name: 'New', password: newPassword }),
  'users.resetSecondFactor': ({ other }) => ({ id: other.id }),
  'users.endSessions': ({ other }) => ({ id: other.id }),
  'sessions.logoutAll': () => undefined,
  'totp.enroll': ({ user }) => ({ password: user.password }),
  'totp.confirm': () => ({ code: '123456' }),
  'totp.renewRecoveryCodes': ({ user }) => ({ password: user.password, code: '123456' }),
  'totp.disable': ({ user }) => ({ password: user.password, code: '123456' }),
  'serviceTokens.issue': ({ service }) => ({ service: service.name }),
  'serviceTokens.rotate': ({ service }) => ({ tokenId: service.tokenId }),
  'serviceTokens.revoke': ({ service }) => ({ service: service.name }),
  'keys.rotate': () => undefined,
  'keys.withdraw': () => ({ kid: auth.identity.jwk.kid }),
  'audit.report': () => ({ entries: [denial()] }),
};

const guarded = entriesOf(authContract).filter(
  ({ path, procedure }) =>
    procedure.kind === 'mutation' &&
    admit(procedure.access, nobody) !== 'admitted' &&
    !ofNoIdentity.has(path),
);

/** How each kind of caller authenticates. `both`: a service with a user behind it. */
type Kind = 'admin' | 'user' | 'service' | 'both';

const identities = {
  user: (role: 'user' | 'admin') => ({
    id: randomUUID(),
    name: 'Ann',
    role,
    tokenId: randomUUID(),
    expiresAt: Date.now(),
  }),
  service: { id: randomUUID(), name: 'walker', tokenId: randomUUID(), expiresAt: Date.now() },
};

/** The kinds of callers that a rule admits. */
function kindsOf({ access }: (typeof guarded)[number]['procedure']): Kind[] {
  const { service, user } = identities;
  const callers = {
    user: { service: undefined, user: user('user') },
    admin: { service: undefined, user: user('admin') },
    service: { service, user: undefined },
    both: { service, user: user('user') },
  };
  return (['user', 'admin', 'service', 'both'] as const).filter(
    (kind) => admit(access, callers[kind]) === 'admitted',
  );
}

/** The ways in which a caller can lose its identity, each as the revocation writes it. */
const endUser = {
  'the session ended': (held: HeldIdentities, { sessionId }: TestUser) =>
    held.write('UPDATE auth.sessions SET ended_at = now() WHERE id = $1', sessionId),
  'the account closed': (held: HeldIdentities, { id }: TestUser) =>
    held.write('UPDATE auth.users SET disabled_at = now() WHERE id = $1', id),
  'the role changed': (held: HeldIdentities, { id }: TestUser) =>
    held.write(
      `UPDATE auth.users SET role = CASE role WHEN 'admin' THEN 'user' ELSE 'admin' END WHERE id = $1`,
      id,
    ),
  'the session on the blacklist': (held: HeldIdentities, { sessionId }: TestUser) =>
    blacklist(held, sessionId),
};
const endService = {
  'the token revoked': (held: HeldIdentities, { tokenId }: TestService) =>
    held.write('UPDATE auth.service_tokens SET revoked_at = now() WHERE jti = $1', tokenId),
  'the token on the blacklist': (held: HeldIdentities, { tokenId }: TestService) => blacklist(held, tokenId),
};

const blacklist = (held: HeldIdentities, id: string) =>
  held.write(
    `INSERT INTO auth.token_blacklist (jti, reason, expires_at) VALUES ($1, 'revoked', now() + interval '1 day')`,
    id,
  );

/** A separate signing key for the tokens of one test, recorded so that auth accepts it. */
async function newKey(): Promise<SigningKey> {
  const jwk = await generateSigningKey();
  await auth.stored.signingKey.create({
    data: { kid: jwk.kid, publicJwk: publicPart(jwk), publishedAt: new Date(), activeFrom: null },
  });
  return importSigningKey(jwk);
}

interface Trial {
  path: string;
  kind: Kind;
  key?: SigningKey;
  end(held: HeldIdentities, parties: Parties): Promise<void>;
}

/** Starts an authenticated call, revokes its caller while the call waits, and lets it continue. */
async function callAndEnd({ path, kind, key, end }: Trial) {
  const [url = ''] = auth.urls;
  const signed = key ? { key } : {};
  const parties = {
    user: await newUser(auth, { role: kind === 'admin' ? 'admin' : 'user', ...signed }),
    service: await newService(auth, signed),
    other: await newUser(auth),
  };
  const { user, service } = parties;
  const headers = {
    user: user.headers,
    admin: user.headers,
    service: service.headers,
    both: { ...service.headers, 'x-user-token': user.token },
  }[kind];
  // From here on, this process has recorded the token and writes nothing else for it.
  if (kind === 'service' || kind === 'both') {
    const { status } = await callPlainly(url, 'serviceTokens.rotate', { headers, input: {} });
    expect(status).toBe(200);
  }
  const held = await holdIdentities(auth);
  const calling = callPlainly(url, path, { headers, input: inputs[path]?.(parties) });
  try {
    await held.someoneWaits();
    await end(held, parties);
    const before = await held.fingerprints();
    await held.release();
    const { status, message } = await calling;
    const after = await fingerprints(auth.pool);
    const written = Object.keys(after).filter((table) => after[table] !== before[table]);
    return { status, message, written };
  } finally {
    await held.release();
    await calling;
  }
}

const refused = { status: 401, message: expect.stringContaining('token is refused'), written: [] };

test('each mutation that changes identities is tried', () => {
  expect(guarded.map(({ path }) => path).toSorted()).toEqual(Object.keys(inputs).toSorted());
});

describe.each(guarded.flatMap(({ path, procedure }) => kindsOf(procedure).map((kind) => ({ path, kind }))))(
  '$path by $kind',
  ({ path, kind }) => {
    test('is refused, and writes nothing, where its caller is revoked before it has the lock', async () => {
      const end: Trial['end'] = (held, { user, service }) =>
        kind === 'service' || kind === 'both'
          ? endService['the token revoked'](held, service)
          : endUser['the session ended'](held, user);
      expect(await callAndEnd({ path, kind, end })).toEqual(refused);
    });
  },
);

describe('a call is refused where, before it has the lock,', () => {
  const byAdmin = { path: 'serviceTokens.issue', kind: 'admin' } as const;

  test.each(Object.entries(endUser))('%s of an administrator', async (_what, end) => {
    expect(await callAndEnd({ ...byAdmin, end: (held, { user }) => end(held, user) })).toEqual(refused);
  });

  test.each(Object.entries(endService))('%s of a service', async (_what, end) => {
    const trial = { path: 'serviceTokens.issue', kind: 'service' } as const;
    expect(await callAndEnd({ ...trial, end: (held, { service }) => end(held, service) })).toEqual(refused);
  });

  test.each(Object.entries(endUser))('%s of the user behind a service', async (_what, end) => {
    const trial = { path: 'serviceTokens.issue', kind: 'both' } as const;
    expect(await callAndEnd({ ...trial, end: (held, { user }) => end(held, user) })).toEqual(refused);
  });

  test.each(['admin', 'service'] as const)(
    'the key is withdrawn that signed the token of %s',
    async (kind) => {
      const key = await newKey();
      const end: Trial['end'] = (held) =>
        held.write('UPDATE auth.signing_keys SET removed_at = now() WHERE kid = $1', key.kid);
      expect(await callAndEnd({ path: 'serviceTokens.issue', kind, key, end })).toEqual(refused);
    },
  );
});

test('whose caller is left alone, it is done', async () => {
  const admin = await callAndEnd({ path: 'serviceTokens.issue', kind: 'admin', end: async () => {} });
  expect(admin).toMatchObject({ status: 200, written: ['audit_log', 'service_tokens'] });
});
