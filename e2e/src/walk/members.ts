import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { authContract } from '@arcadium/contracts/auth';
import { connect, type MeshClient } from '@arcadium/mesh/client';
import { anyService, contract, query, user } from '@arcadium/mesh/contract';
import { openServiceToken, publicPart, type ServiceToken } from '@arcadium/mesh/identity';
import { joinMesh, serve, type Membership, type RunningService } from '@arcadium/mesh/server';
import { createTestIdentity, silentLogger as log } from '@arcadium/mesh/testing';
import { openDatabase } from '@arcadium/postgres/database';
import { findFreePort } from '@arcadium/postgres/testing-cluster';
import { PrismaClient } from '@arcadium/prisma/auth';
import { createTestDatabase } from '@arcadium/prisma/testing';
import { z } from 'zod';
import { startApp } from '../../../services/auth/src/app.ts';
import type { Config } from '../../../services/auth/src/config.ts';
import { isRotationDue } from '../../../services/auth/src/domain/signing-keys.ts';
import { testConfig } from '../../../services/auth/src/testing/config.ts';

/** The contract of a member, for services and users. */
const memberContract = contract('member', {
  forServices: query({ summary: 'Who asks', output: z.object({ by: z.string() }), access: anyService }),
  forUsers: query({ summary: 'Who asks', output: z.object({ by: z.string() }), access: user }),
});

/** Two replicas of each service. */
export type MemberName = 'auth' | 'wiki' | 'notification';

/** The part of a replica that handles its own token. */
export interface Replica {
  readonly service: MemberName;
  readonly url: string;
  /** Its current token. */
  token(): string;
}

/** A call with a name for messages. */
export type NamedCall = readonly [what: string, call: () => Promise<unknown>];

/**
 * Two replicas of auth, and two each of a wiki and a notification that are members of the mesh without
 * further function.
 */
export interface Members extends AsyncDisposable {
  readonly replicas: readonly Replica[];
  readonly authUrls: readonly string[];
  /** Direct access to auth's database. */
  readonly stored: PrismaClient;
  /** The id of auth's newest key; undefined while another is due. */
  newestKey(): Promise<string | undefined>;
  /** A call of each replica to each replica of the other services, with its own token. */
  calls(): Promise<readonly NamedCall[]>;
  /** Calls as a user, to each replica except auth's. */
  asUser(token: () => string): { calls(): NamedCall[] } & AsyncDisposable;
  /** Whether a member accepts a service token. */
  isTaken(token: string): Promise<boolean>;
  /** The ids of all tokens of a service, in order of succession. */
  lineOf(service: string): Promise<string[]>;
  /** The number of revocations in memory of each replica except auth's. */
  held(): number[];
}

/** The wall clock and the monotonic clock leap together: time has passed, and the clock was not changed. */
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
 * @param folder For their state.
 * @param options.signingKeyDays How long a key of auth signs.
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
      // Closes idle connections at once, because each leap would outlive them.
      DATABASE_IDLE_TIMEOUT_MS: '0',
    },
  );
  /** Each replica has a separate file, so that its token can be read there. */
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
    // The wiki's tokens are written to files, notification's are in memory only.
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
    log,
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
    held: () => others.map(({ membership }) => membership.serving.identity.revocations?.status().size ?? NaN),
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
