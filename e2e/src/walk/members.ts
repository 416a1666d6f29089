import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { authContract } from '@arcadium/contracts/auth';
import { connect, type MeshClient } from '@arcadium/mesh/client';
import { anyService, contract, query, user } from '@arcadium/mesh/contract';
import { openServiceToken, publicPart, type ServiceToken } from '@arcadium/mesh/identity';
import { joinMesh, serve, type Membership, type RunningService } from '@arcadium/mesh/server';
import { createTestIdentity, silentLogger as log } from '@arcadium/mesh/testing';
import { PrismaClient } from '@arcadium/prisma/auth';
import { openDatabase } from '@arcadium/prisma/database';
import { createTestDatabase } from '@arcadium/prisma/testing';
import { findFreePort } from '@arcadium/prisma/testing-cluster';
import { z } from 'zod';
import { startApp } from '../../../services/auth/src/app.ts';
import type { Config } from '../../../services/auth/src/config.ts';
import { isRotationDue } from '../../../services/auth/src/domain/signing-keys.ts';
import { testConfig } from '../../../services/auth/src/testing/config.ts';

/** What a member promises: to services, and to users. */
const memberContract = contract('member', {
  forServices: query({ summary: 'Who asks', output: z.object({ by: z.string() }), access: anyService }),
  forUsers: query({ summary: 'Who asks', output: z.object({ by: z.string() }), access: user }),
});

/** Two replicas of each service. */
export type MemberName = 'auth' | 'wiki' | 'notification';

/** One replica, as far as its own token goes. */
export interface Replica {
  readonly service: MemberName;
  readonly url: string;
  /** The token that it holds now. */
  token(): string;
}

/** A call that is to be made, and what it is called in a message. */
export type NamedCall = readonly [what: string, call: () => Promise<unknown>];

/** Two replicas of auth as it is, and two each of a wiki and a notification that are nothing but members of the mesh. */
export interface Members extends AsyncDisposable {
  readonly replicas: readonly Replica[];
  readonly authUrls: readonly string[];
  /** What auth has stored. */
  readonly stored: PrismaClient;
  /** The id of the key that auth made last; none while it is to make another. */
  newestKey(): Promise<string | undefined>;
  /** One call of each replica to each replica of the other services, with its own token. */
  calls(): Promise<readonly NamedCall[]>;
  /** As a user, to each replica but auth's. */
  asUser(token: () => string): { calls(): NamedCall[] } & AsyncDisposable;
  /** Whether a member takes a service's token. */
  isTaken(token: string): Promise<boolean>;
  /** The ids of a service's tokens, each the successor of the one before; all that were ever made. */
  lineOf(service: string): Promise<string[]>;
  /** How many revocations each replica but auth's holds in memory. */
  held(): number[];
}

/** In a walk the wall clock leaps, and the monotonic clock with it: time has passed, the clock was not set. */
const time = { monotonic: () => Date.now(), reference: async () => Date.now() };

interface Member extends Replica {
  readonly membership: Membership;
  readonly holder: ServiceToken;
  readonly served: RunningService;
  readonly auth: MeshClient<typeof authContract, 'wiki'>;
}

/**
 * Starts them.
 *
 * @param folder Where they keep what they keep.
 * @param options.signingKeyDays For how long a key of auth's signs.
 */
export async function startMembers(folder: string, options: { signingKeyDays: number }): Promise<Members> {
  const [identity, database] = await Promise.all([createTestIdentity(), createTestDatabase(['auth'])]);
  const ports = [await findFreePort(), await findFreePort()];
  const authUrls = ports.map((port) => `http://127.0.0.1:${port}`);
  const [authUrl = ''] = authUrls;
  const common = await testConfig(
    { url: authUrl, identity, database },
    {
      SIGNING_KEY_DAYS: String(options.signingKeyDays),
      // A connection that is closed with each leap is a connection to be made in each round.
      DATABASE_IDLE_TIMEOUT_MS: '0',
    },
  );
  /** Each replica has a file of its own, so that what it holds can be read there. */
  const keep = async (name: string, token: string): Promise<string> => {
    const state = join(folder, name);
    await mkdir(state);
    await writeFile(join(state, 'SERVICE_TOKEN'), `${token}\n`, { mode: 0o600 });
    return state;
  };
  const startAuth = async (url: string, index: number) => {
    const STATE_DIR = await keep(`auth-${index}`, common.SERVICE_TOKEN);
    const SERVICE_TOKEN_FILE = join(STATE_DIR, 'SERVICE_TOKEN');
    const config: Config = { ...common, AUTH_SERVICE_URL: [url], STATE_DIR, SERVICE_TOKEN_FILE };
    return { app: await startApp(config, new AbortController().signal, time), url, file: SERVICE_TOKEN_FILE };
  };
  const auths = await Promise.all(authUrls.map(startAuth));

  const startMember = async (service: 'wiki' | 'notification', token: string, index: number) => {
    const stateDir = await keep(`${service}-${index}`, token);
    // The wiki's are written to files, those of the other are in memory alone.
    const file = service === 'wiki' ? join(stateDir, 'SERVICE_TOKEN') : undefined;
    const holder = openServiceToken({ token, file, log });
    const current = () => holder.current;
    const auth = connect(authContract, { as: 'wiki', url: authUrls, token: current, log });
    const publicKeys = [publicPart(identity.jwk)];
    const membership = await joinMesh({
      auth,
      authUrl: authUrls,
      token: holder,
      publicKeys,
      stateDir,
      clock: time,
      log,
    });
    const served = await serve(
      memberContract,
      {
        forServices: async ({ caller }) => ({ by: caller.service.name }),
        forUsers: async ({ caller }) => ({ by: caller.user.name }),
      },
      {
        version: '1',
        port: 0,
        log,
        ...membership.serving,
        pingDatabase: async () => {},
        drainTimeoutMs: 500,
      },
    );
    await membership.start(new AbortController().signal);
    served.ready();
    return { service, url: served.url, token: current, membership, holder, served, auth } satisfies Member;
  };
  const [wikiToken, notificationToken] = [
    await identity.serviceToken('wiki'),
    await identity.serviceToken('notification'),
  ];
  const others: Member[] = await Promise.all([
    startMember('wiki', wikiToken, 0),
    startMember('wiki', wikiToken, 1),
    startMember('notification', notificationToken, 0),
    startMember('notification', notificationToken, 1),
  ]);
  const authTokens = auths.map(() => common.SERVICE_TOKEN);
  const readAuthTokens = async () => {
    for (const [index, { file }] of auths.entries())
      authTokens[index] = (await readFile(file, 'utf8')).trim();
  };
  const replicas: Replica[] = [
    ...authUrls.map((url, index) => ({
      service: 'auth' as const,
      url,
      token: () => authTokens[index] ?? '',
    })),
    ...others,
  ];
  const opened = openDatabase({
    url: database.url('auth'),
    schema: 'auth',
    client: PrismaClient,
    logger: log,
  });
  const clients: AsyncDisposable[] = others.map(({ auth }) => auth);

  /** From each replica to each replica of the other two services. */
  const lines = replicas.flatMap((from) =>
    replicas
      .filter(({ service }) => service !== from.service)
      .map((to): NamedCall => {
        const given = { as: 'wiki' as const, url: to.url, token: from.token, log };
        const what = `${from.service} ${from.url} to ${to.service} ${to.url}`;
        if (to.service === 'auth') {
          const client = connect(authContract, given);
          clients.push(client);
          return [what, () => client.revocations.list.query({})];
        }
        const client = connect(memberContract, given);
        clients.push(client);
        return [what, () => client.forServices.query()];
      }),
  );

  return {
    replicas,
    authUrls,
    stored: opened.client,
    async newestKey() {
      const keys = await opened.client.signingKey.findMany({ orderBy: { publishedAt: 'desc' } });
      return isRotationDue(keys, new Date(), options.signingKeyDays) ? undefined : keys[0]?.kid;
    },
    async calls() {
      await readAuthTokens();
      return lines;
    },
    asUser(token) {
      const own = others.map(({ url }) => connect(memberContract, { as: 'user', url, token, log }));
      return {
        calls: () => own.map((client): NamedCall => ['a user to a member', () => client.forUsers.query()]),
        async [Symbol.asyncDispose]() {
          await Promise.all(own.map((client) => client[Symbol.asyncDispose]()));
        },
      };
    },
    async isTaken(token) {
      const url = others[0]?.url ?? '';
      await using client = connect(memberContract, { as: 'wiki', url, token, log });
      return await client.forServices.query().then(
        () => true,
        () => false,
      );
    },
    async lineOf(name) {
      const where = { service: { name } };
      const rows = await opened.client.serviceToken.findMany({ where, orderBy: { issuedAt: 'asc' } });
      const broken = rows.find(({ replaces }, index) => replaces !== (rows[index - 1]?.jti ?? null));
      if (broken)
        throw new Error(`${name} has two lines of tokens: ${broken.jti} replaces ${broken.replaces}`);
      return rows.map(({ jti }) => jti);
    },
    held: () => others.map(({ membership }) => membership.serving.revocations?.status().size ?? NaN),
    async [Symbol.asyncDispose]() {
      await Promise.all(clients.map((client) => client[Symbol.asyncDispose]()));
      for (const { served, membership } of others) {
        await served.stop();
        await membership.stop();
      }
      await Promise.all(auths.map(({ app }) => app.stop()));
      await opened.close();
      await database.drop();
    },
  };
}
