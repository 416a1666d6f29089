import { randomBytes, randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { authContract, type SessionTokens } from '@arcadium/contracts/auth';
import {
  nobody,
  MeshError,
  type AnyProcedure,
  type Caller,
  type PathOf,
  type ProcedureAt,
  type UserIdentity,
} from '@arcadium/mesh/contract';
import { compile, rawCallOf } from '@arcadium/mesh/server';
import { createTestIdentity, silentLogger as log, type TestIdentity } from '@arcadium/mesh/testing';
import { startTrace } from '@arcadium/mesh/telemetry';
import { openDatabase } from '@arcadium/postgres/database';
import { PrismaClient } from '@arcadium/prisma/auth';
import { createTestDatabase } from '@arcadium/prisma/testing';
import type { z } from 'zod';
import { createPasswordPolicy } from '../domain/password-policy.ts';
import { Seal } from '../domain/seal.ts';
import { KeyRing } from '../jobs/key-ring.ts';
import { RevocationAnnouncer } from '../jobs/revocation-announcer.ts';
import { Sightings } from '../sightings.ts';
import { createHandlers } from '../router.ts';
import { createSigningKeyStore } from '../stores/signing-key-store.ts';
import { createStores } from '../stores/stores.ts';
import { createRememberingHasher } from './remembering-hasher.ts';

type Procedures = (typeof authContract)['procedures'];
type Path = PathOf<Procedures>;
type At<P extends Path> = Extract<ProcedureAt<Procedures, P>, AnyProcedure>;

/** An allowed password. */
export const goodPassword = 'correct horse battery staple';

/** The origin of test calls. */
export const testPeer = { address: '192.0.2.1', userAgent: 'vitest' };

/** One replica of the service, with its own pool, hasher and handlers. */
async function openReplica(url: string, given: { seal: Seal; identity: TestIdentity; now: () => Date }) {
  const { seal, identity, now } = given;
  const database = openDatabase({ url, schema: 'auth', client: PrismaClient, log });
  const stores = createStores(database.client, seal);
  const keyRing = new KeyRing({
    environment: { signing: [identity.jwk], publicOnly: [] },
    store: createSigningKeyStore(database.client),
    seal,
    databaseUrl: url,
    log,
    now,
    leadMs: 0,
    days: 0,
  });
  await keyRing.prepare();
  const hasher = createRememberingHasher();
  const handlers = createHandlers({
    ...stores,
    signerOf: (kid) => keyRing.signerOf(kid),
    keyRing,
    mostServiceTokens: 100,
    sightings: new Sightings(stores.serviceTokens, log),
    announcer: new RevocationAnnouncer({ blacklist: stores.blacklist, databaseUrl: url, log, now }),
    policy: createPasswordPolicy({ leastCharacters: 15 }),
    hasher,
    keys: identity.keys,
    signer: () => identity.signingKey,
    now,
  });
  const procedures = new Map(compile(authContract, handlers, { log }).map((one) => [one.path, one]));
  return {
    client: database.client,
    async close() {
      await hasher.close();
      await database.close();
    },
    /** Calls without the network, but with all checks of the contract. */
    async call<P extends Path>(
      path: P,
      caller: Caller,
      input: z.input<At<P>['input']>,
    ): Promise<z.output<At<P>['output']>> {
      const known = { caller, requestId: randomUUID(), trace: startTrace(), peer: testPeer };
      const ask = () => procedures.get(path)?.call(rawCallOf(known, { readInput: () => input }));
      return (await untilAdmitted(ask)) as z.output<At<P>['output']>;
    },
  };
}

/** Repeats calls that a busy machine refused before starting them, as a mesh client does. */
async function untilAdmitted<Answer>(ask: () => Answer | Promise<Answer>): Promise<Answer> {
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof MeshError && error.code === 'SERVICE_UNAVAILABLE' && error.retry === 'safe'))
      throw error;
    await delay(error.retryAfterMs ?? 100);
    return untilAdmitted(ask);
  }
}

/** Auth on its own database: two replicas that share one clock, which only moves when told to. */
export async function openAuth() {
  const testDatabase = await createTestDatabase(['auth']);
  const url = testDatabase.url('auth');
  const clock = createClock();
  const encryptionKey = randomBytes(32);
  const seal = new Seal(encryptionKey);
  const given = { seal, identity: await createTestIdentity(), now: clock.now };
  const first = await openReplica(url, given);
  const second = await openReplica(url, given);
  const { call, client } = first;

  let people = 0;
  /** Creates an account and logs in. */
  async function newPerson({ name = 'Ann', role = 'user', password = goodPassword }: PersonOptions = {}) {
    people += 1;
    const email = `person-${people}@example.com`;
    const { id } = await call('users.register', nobody, { email, name, password });
    if (role === 'admin') await client.user.update({ where: { id }, data: { role } });
    const session = await call('sessions.login', nobody, { email, password });
    return { id, email, name, password, ...session, caller: callerOf(session) };
  }

  return {
    clock,
    client,
    seal,
    encryptionKey,
    /** The same service in another process. */
    second,
    call,
    /** Calls without credentials. */
    ask: <P extends Path>(path: P, input: z.input<At<P>['input']>) => call(path, nobody, input),
    newPerson,
    /** The audit entries about a subject, `event` and `detail`, oldest first. */
    async recorded(subject: string) {
      const entries = await client.auditEntry.findMany({ where: { subject }, orderBy: { id: 'asc' } });
      return entries.map(({ event, detail }) => ({ event, detail }));
    },
    async close(): Promise<void> {
      await Promise.all([first.close(), second.close()]);
      await testDatabase.drop();
    },
  };
}

export type TestAuth = Awaited<ReturnType<typeof openAuth>>;

type PersonOptions = { name?: string; role?: 'user' | 'admin'; password?: string };

/** A caller with the access token of a session. */
export function callerOf({
  accessToken,
}: Pick<SessionTokens, 'accessToken'>): Caller & { user: UserIdentity } {
  const { sub: id, name, role, jti: tokenId, sid: sessionId, exp } = claimsOf(accessToken);
  return { service: undefined, user: { id, name, role, tokenId, sessionId, expiresAt: exp * 1000 } };
}

/** The claims of a user token. */
export function claimsOf(token: string): {
  sub: string;
  name: string;
  role: 'user' | 'admin';
  role_since: number;
  jti: string;
  sid: string;
  exp: number;
} {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
}

function createClock() {
  // Whole seconds, as in tokens.
  let at = Math.floor(Date.now() / 1000) * 1000;
  return {
    now: () => new Date(at),
    advance(ms: number) {
      at += ms;
    },
  };
}

/** The error of a call as `CODE` or `CODE NAME`, or `done`. */
export async function outcomeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return 'done';
  } catch (error) {
    if (!(error instanceof MeshError)) throw error;
    return [error.code, error.named?.name].filter(Boolean).join(' ');
  }
}
