import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { authContract } from '@arcadium/contracts/auth';
import { connect, isCallError, type MeshClient } from '@arcadium/mesh/client';
import type { Endpoints } from '@arcadium/mesh/config';
import { createLogger } from '@arcadium/mesh/telemetry';
import type { Command } from 'commander';
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
  const url = urlOf('auth');
  const credentials = await credentialsOf(command.optsWithGlobals<{ email?: string }>().email);
  const token = await logIn(url, credentials);
  await using auth = connect(authContract, {
    as: 'admin',
    url,
    token,
    tls: commandTls(),
    log,
    retryPolicy,
  });
  await work(auth, token);
}

/** @throws Error with a message for the terminal, when the address is not known. */
export function urlOf(service: string): Endpoints {
  const url = serviceUrls().get(service);
  if (url) return url;
  const setting = `${service.toUpperCase()}_SERVICE_URL`;
  throw new Error(`The address of ${service} is not known: set ${setting}, or run "npm run setup"`);
}

type Credentials = Readonly<{ email: string; password: string }>;

async function logIn(url: readonly string[], { email, password }: Credentials): Promise<string> {
  await using stranger = connect(authContract, {
    as: 'anyone',
    url,
    tls: commandTls(),
    log,
    retryPolicy,
  });
  try {
    const { accessToken, user } = await stranger.sessions.login.mutate({ email, password });
    if (user.role !== 'admin') throw new Error(`${email} is not an administrator`);
    return accessToken;
  } catch (error) {
    const where = url.join(', ');
    if (!isCallError(error)) throw error;
    if (error.data.code === 'UNAUTHORIZED') {
      throw new Error(`Auth at ${where} does not know ${email} with this password`, { cause: error });
    }
    throw new Error(`Auth at ${where} could not be called: ${error.message}`, { cause: error });
  }
}

async function credentialsOf(email: string | undefined): Promise<Credentials> {
  if (email !== undefined) {
    return { email, password: process.env['MESH_PASSWORD'] || (await askPassword(email)) };
  }
  const { ADMIN_EMAIL, ADMIN_PASSWORD } = settingsOf('services/auth');
  if (ADMIN_EMAIL !== undefined && ADMIN_PASSWORD !== undefined) {
    return { email: ADMIN_EMAIL, password: ADMIN_PASSWORD };
  }
  throw new Error(
    'Name the administrator with --email: services/auth/.env has no ADMIN_EMAIL and ADMIN_PASSWORD',
  );
}

/** Reads a line from the terminal without echo, or the first line of piped input. */
async function askPassword(email: string): Promise<string> {
  const { stdin, stderr } = process;
  if (stdin.isTTY) stderr.write(`Password of ${email}: `);
  const unseen = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: stdin, output: unseen, terminal: stdin.isTTY });
  try {
    for await (const line of lines) return line;
    throw new Error('No password was given');
  } finally {
    lines.close();
    if (stdin.isTTY) stderr.write('\n');
  }
}
