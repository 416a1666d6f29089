import { randomBytes, randomUUID } from 'node:crypto';
import { authContract } from '@arcadium/contracts/auth';
import { contract, nobody, MeshError } from '@arcadium/mesh/contract';
import { importSigningKey } from '@arcadium/mesh/issuer';
import { compile, rawCallOf } from '@arcadium/mesh/server';
import { createTestIdentity, silentLogger as log } from '@arcadium/mesh/testing';
import { openDatabase } from '@arcadium/postgres/database';
import { PrismaClient } from '@arcadium/prisma/auth';
import { createPasswordHasher, type PasswordHasher } from '../domain/password.ts';
import { Seal } from '../domain/seal.ts';
import { logIn } from '../procedures/sessions/log-in.ts';
import { ourselves } from '../stores/audit-log.ts';
import { createStores } from '../stores/stores.ts';

/** With priority `critical`, so that a busy machine refuses none: load shedding is not tested here. */
const loginContract = contract('auth', {
  sessions: { login: { ...authContract.procedures.sessions.login, priority: 'critical' } },
});

/** A user who tries to log in. */
export interface Try {
  email: string;
  password: string;
  /** @default 192.0.2.1 */
  from?: string;
}

/** The outcome: `OK`, or the code of the error. */
export interface Answered {
  code: string;
  message: string;
  retryAfterMs: number | undefined;
}

/**
 * One replica of the service with only the log-in procedure. Calls pass the contract as over the network, but
 * without one.
 */
export async function openLogIns(url: string, wrap = (hasher: PasswordHasher): PasswordHasher => hasher) {
  const database = openDatabase({ url, schema: 'auth', client: PrismaClient, log });
  // A long limit, so that a slow machine refuses no hash.
  const real = createPasswordHasher(60_000);
  let evaluated = 0;
  const hasher = wrap({
    ...real,
    keepPlace() {
      const place = real.keepPlace();
      return {
        matches: (...given) => {
          evaluated += 1;
          return place.matches(...given);
        },
        [Symbol.dispose]: () => place[Symbol.dispose](),
      };
    },
  });
  const stores = createStores(database.client, new Seal(randomBytes(32)));
  const { users, throttle } = stores;
  const { jwk } = await createTestIdentity();
  const signingKey = await importSigningKey(jwk);
  const [procedure] = compile(
    loginContract,
    { sessions: { login: logIn({ ...stores, hasher, signer: () => signingKey, now: () => new Date() }) } },
    { log },
  );

  return {
    client: database.client,
    throttle,
    /** The number of passwords checked. */
    get evaluated() {
      return evaluated;
    },
    async open(email: string, password: string) {
      const passwordHash = await real.hash(password);
      const user = await users.create(
        { email, name: 'Somebody', role: 'user', passwordHash, createdAt: new Date() },
        ourselves,
      );
      if (!user) throw new Error(`${email} is taken`);
      return user;
    },
    async logIn({ email, password, from = '192.0.2.1' }: Try): Promise<Answered> {
      try {
        const peer = { address: from, userAgent: undefined };
        const known = { caller: nobody, requestId: randomUUID(), peer };
        await procedure?.call(rawCallOf(known, { readInput: () => ({ email, password }) }));
        return { code: 'OK', message: '', retryAfterMs: undefined };
      } catch (error) {
        if (!(error instanceof MeshError)) throw error;
        return { code: error.code, message: error.message, retryAfterMs: error.retryAfterMs };
      }
    },
    async close() {
      await real.close();
      await database.close();
    },
  };
}
