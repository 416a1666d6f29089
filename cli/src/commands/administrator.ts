import { authContract, type SessionTokens } from '@arcadium/contracts/auth';
import { connect, isCallError, type MeshClient } from '@arcadium/mesh/client';
import type { Endpoints } from '@arcadium/mesh/config';
import { createLogger } from '@arcadium/mesh/telemetry';
import type { Command } from 'commander';
import { readLine } from '../read-line.ts';
import { commandTls } from '../tls.ts';
import { serviceUrls, settingsOf } from '../workspace.ts';

/** A client of auth with an administrator's access. */
export type AuthClient = MeshClient<typeof authContract, 'admin'>;

// The command itself reports failures.
export const log = createLogger({ service: 'mesh', level: 'silent' });

/** No retries: the user at the terminal can repeat the command. */
export const retryPolicy = { attempts: 0, baseMs: 1000, jitter: 0 };

/**
 * Logs in, and runs a command's work as that administrator.
 *
 * @param command Has the program's options, with `--email`.
 * @param work Also gets the administrator's access token, for services other than auth.
 * @throws Error with a message for the terminal, when auth cannot be reached or refuses the log-in.
 */
export async function asAdministrator(
  command: Command,
  work: (auth: AuthClient, token: string) => Promise<void>,
): Promise<void> {
  await using session = await openSession(command);
  await work(session.auth, session.token());
}

/** An administrator's session at auth, for as long as it is needed. */
export interface AdministratorSession extends AsyncDisposable {
  readonly auth: AuthClient;
  /** The current access token. */
  token(): string;
  /** Exchanges the access token if it expires within a minute. */
  renew(): Promise<void>;
  /** Ends it at auth too, if it began here. */
  logOut(): Promise<void>;
}

type Ask = typeof askSecret;

/**
 * Logs in. Without MESH_ACCESS_TOKEN, which `mesh mcp` gives to its commands so that not each begins a session.
 *
 * @throws Error with a message for the terminal, when auth cannot be reached or refuses the log-in.
 */
export async function openSession(
  command: Command,
  { ask = askSecret }: { ask?: Ask } = {},
): Promise<AdministratorSession> {
  const url = urlOf('auth');
  const given = process.env['MESH_ACCESS_TOKEN'];
  const email = command.optsWithGlobals<{ email?: string }>().email;
  let session = given ? undefined : await logIn(url, await credentialsOf(email, ask), ask);
  const token = () => session?.accessToken ?? given ?? '';
  const options = { url, tls: commandTls(), log, retryPolicy } as const;
  const auth = connect(authContract, { ...options, as: 'admin', token });
  return {
    auth,
    token,
    async renew() {
      if (!session || Date.parse(session.expiresAt) > Date.now() + 60_000) return;
      session = await auth.sessions.refresh.mutate({ refreshToken: session.refreshToken });
    },
    async logOut() {
      if (session) await auth.sessions.logout.mutate({ refreshToken: session.refreshToken });
    },
    [Symbol.asyncDispose]: () => auth[Symbol.asyncDispose](),
  };
}

/** Whether a call failed with this typed error of its contract. */
export function failedWith(name: string, error: unknown): boolean {
  return isCallError(error) && error.data.error?.name === name;
}

/** @throws Error with a message for the terminal, when the address is not known. */
export function urlOf(service: string): Endpoints {
  const url = serviceUrls().get(service);
  if (url) return url;
  const setting = `${service.toUpperCase()}_SERVICE_URL`;
  throw new Error(`The address of ${service} is not known: set ${setting}, or run "npm run setup"`);
}

type Credentials = Readonly<{ email: string; password: string }>;

async function logIn(
  url: readonly string[],
  { email, password }: Credentials,
  ask: Ask,
): Promise<SessionTokens> {
  await using stranger = connect(authContract, {
    as: 'anyone',
    url,
    tls: commandTls(),
    log,
    retryPolicy,
  });
  try {
    const logInWith = (code?: string) =>
      stranger.sessions.login.mutate({ email, password, ...(code !== undefined && { code }) });
    const session = await logInWith(process.env['MESH_CODE'] || undefined).catch(async (error: unknown) => {
      if (!failedWith('CODE_NEEDED', error)) throw error;
      return logInWith(await ask('Code', email));
    });
    if (session.user.role !== 'admin') throw new Error(`${email} is not an administrator`);
    return session;
  } catch (error) {
    const where = url.join(', ');
    if (!isCallError(error)) throw error;
    if (failedWith('BAD_CODE', error))
      throw new Error(`Auth at ${where} refuses this code of ${email}: take a new one`, { cause: error });
    if (error.data.code === 'UNAUTHORIZED') {
      throw new Error(`Auth at ${where} does not know ${email} with this password`, { cause: error });
    }
    throw new Error(`Auth at ${where} could not be called: ${error.message}`, { cause: error });
  }
}

async function credentialsOf(email: string | undefined, ask: Ask): Promise<Credentials> {
  if (email !== undefined) {
    return { email, password: process.env['MESH_PASSWORD'] || (await ask('Password', email)) };
  }
  const { ADMIN_EMAIL, ADMIN_PASSWORD } = settingsOf('services/auth');
  if (ADMIN_EMAIL !== undefined && ADMIN_PASSWORD !== undefined) {
    return { email: ADMIN_EMAIL, password: ADMIN_PASSWORD };
  }
  throw new Error(
    'Name the administrator with --email: services/auth/.env has no ADMIN_EMAIL and ADMIN_PASSWORD',
  );
}

/** @throws Error at the end of the input. */
export async function askSecret(what: string, of: string): Promise<string> {
  const given = await readLine(`${what} of ${of}: `, { hidden: true });
  if (!given) throw new Error(`No ${what.toLowerCase()} was given`);
  return given;
}
