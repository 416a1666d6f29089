import type { authContract } from '@arcadium/contracts/auth';
import type { MeshClient } from '@arcadium/mesh/client';
import type { Command } from 'commander';
import { atEnd } from '../at-end.ts';
import { readLine } from '../read-line.ts';
import { inCheckout, settingsOf, urlOf } from '../workspace.ts';
import { reasonOf } from './reason.ts';
import { CallFailed, send } from './send.ts';

type LogIn = MeshClient<typeof authContract, 'anyone'>['sessions']['login'];

/** The tokens of a session. */
export type Session = Awaited<ReturnType<LogIn['mutate']>>;

/** Asks for a secret of an administrator. @throws Error if there is none. */
export type Ask = (what: string, of: string) => Promise<string>;

/** Longest wait for a log-in, in milliseconds: the check of a password takes its time. */
const timeoutMs = 30_000;

/** Longest wait for the end of a session, in milliseconds. */
const logOutMs = 5000;

/**
 * Logs in as the administrator of a command, unless MESH_ACCESS_TOKEN is set: `mesh mcp` gives it to its commands, so
 * that not each begins a session.
 *
 * @param command Has the program's options, with `--email`.
 * @returns The access token.
 * @throws Error with a message for the terminal, when auth cannot be reached or refuses the log-in.
 */
export async function logIn(command: Command): Promise<string> {
  return process.env['MESH_ACCESS_TOKEN'] || (await beginSession(command)).accessToken;
}

/**
 * Begins a session, which ends with the command. By plain HTTP: a client of the mesh takes longer to load than the log-in.
 *
 * @param command Has the program's options, with `--email`.
 * @throws Error with a message for the terminal, when auth cannot be reached or refuses the log-in.
 */
export async function beginSession(command: Command, ask: Ask = askSecret): Promise<Session> {
  const urls = urlOf('auth');
  const credentials = await credentialsOf(command.optsWithGlobals<{ email?: string }>().email, ask);
  const session = await sessionAt(urls, credentials, ask);
  if (session.user.role !== 'admin') throw new Error(`${credentials.email} is not an administrator`);
  return session;
}

/** Logs in when it is first asked for a token, and once only. */
export function onceLoggedIn(command: Command): () => Promise<string> {
  let token: Promise<string> | undefined;
  return () => (token ??= logIn(command));
}

type Credentials = Readonly<{ email: string; password: string }>;

async function sessionAt(urls: readonly string[], credentials: Credentials, ask: Ask): Promise<Session> {
  const failures: string[] = [];
  for (const url of urls) {
    const logInWith = async (code?: string) => {
      const signal = AbortSignal.timeout(timeoutMs);
      const input = code === undefined ? credentials : { ...credentials, code };
      const session = send({ url, path: 'sessions.login', input, headers: {}, signal }) as Promise<Session>;
      // Before the answer, so that a session is not left open if the command ends meanwhile.
      atEnd(() => logOut(url, session));
      return session;
    };
    try {
      return await logInWith(process.env['MESH_CODE'] || undefined).catch(async (error: unknown) => {
        if (nameOf(error) !== 'CODE_NEEDED') throw error;
        return logInWith(await ask('Code', credentials.email));
      });
    } catch (error) {
      const refused = refusal(error, url, credentials.email);
      if (refused !== undefined) throw new Error(refused, { cause: error });
      if (error instanceof NoSecret) throw error;
      failures.push(`Auth at ${url} could not be called: ${reasonOf(error)}`);
    }
  }
  throw new Error(failures.join('; '));
}

/** Ends a session, also if its refresh token was exchanged. A log-in that failed has none. */
async function logOut(url: string, begun: Promise<Session>): Promise<void> {
  const session = await begun.catch(() => undefined);
  if (!session) return;
  const { refreshToken } = session;
  const signal = AbortSignal.timeout(logOutMs);
  await send({ url, path: 'sessions.logout', input: { refreshToken }, headers: {}, signal }).catch(
    (error: unknown) =>
      process.stderr.write(
        `The session of ${session.user.email} at ${url} could not be ended: ${reasonOf(error)}\n`,
      ),
  );
}

/** Why auth refuses a log-in; undefined if it does not. */
function refusal(error: unknown, url: string, email: string): string | undefined {
  if (nameOf(error) === 'BAD_CODE') return `Auth at ${url} refuses this code of ${email}: take a new one`;
  if (error instanceof CallFailed && error.shape.data.code === 'UNAUTHORIZED')
    return `Auth at ${url} does not know ${email} with this password`;
  return undefined;
}

/** The name of a typed error. */
function nameOf(error: unknown): string | undefined {
  return error instanceof CallFailed ? error.shape.data.error?.name : undefined;
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
    inCheckout
      ? 'Name the administrator with --email: services/auth/.env has no ADMIN_EMAIL and ADMIN_PASSWORD'
      : 'Name the administrator with --email and MESH_PASSWORD, or with ADMIN_EMAIL and ADMIN_PASSWORD',
  );
}

/** A password or a code that was not given. */
export class NoSecret extends Error {
  override name = 'NoSecret';
}

/** Asks at the terminal, which does not show what is typed, or takes a line of piped input. @throws NoSecret */
export async function askSecret(what: string, of: string): Promise<string> {
  const given = await readLine(`${what} of ${of}: `, { hidden: true });
  if (!given) throw new NoSecret(`No ${what.toLowerCase()} was given`);
  return given;
}
