import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import type { authContract } from '@arcadium/contracts/auth';
import type { MeshClient } from '@arcadium/mesh/client';
import type { Command } from 'commander';
import { inCheckout, settingsOf, urlOf } from '../workspace.ts';
import { reasonOf } from './reason.ts';
import { CallFailed, send } from './send.ts';

type LogIn = MeshClient<typeof authContract, 'anyone'>['sessions']['login'];
type Session = Awaited<ReturnType<LogIn['mutate']>>;

/** Longest wait for a log-in, in milliseconds: the check of a password takes its time. */
const timeoutMs = 30_000;

/**
 * Logs in as the administrator of a command. By plain HTTP: a client of the mesh takes longer to load than the log-in.
 *
 * @param command Has the program's options, with `--email`.
 * @returns The access token.
 * @throws Error with a message for the terminal, when auth cannot be reached or refuses the log-in.
 */
export async function logIn(command: Command): Promise<string> {
  const urls = urlOf('auth');
  const { email, password } = await credentialsOf(command.optsWithGlobals<{ email?: string }>().email);
  const { accessToken, user } = await sessionAt(urls, { email, password });
  if (user.role !== 'admin') throw new Error(`${email} is not an administrator`);
  return accessToken;
}

/** Logs in when it is first asked for a token, and once only. */
export function onceLoggedIn(command: Command): () => Promise<string> {
  let token: Promise<string> | undefined;
  return () => (token ??= logIn(command));
}

type Credentials = Readonly<{ email: string; password: string }>;

async function sessionAt(urls: readonly string[], input: Credentials): Promise<Session> {
  const failures: string[] = [];
  for (const url of urls) {
    const signal = AbortSignal.timeout(timeoutMs);
    try {
      return (await send({ url, path: 'sessions.login', input, headers: {}, signal })) as Session;
    } catch (error) {
      if (error instanceof CallFailed && error.shape.data.code === 'UNAUTHORIZED')
        throw new Error(`Auth at ${url} does not know ${input.email} with this password`, { cause: error });
      failures.push(`Auth at ${url} could not be called: ${reasonOf(error)}`);
    }
  }
  throw new Error(failures.join('; '));
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
    inCheckout
      ? 'Name the administrator with --email: services/auth/.env has no ADMIN_EMAIL and ADMIN_PASSWORD'
      : 'Name the administrator with --email and MESH_PASSWORD, or with ADMIN_EMAIL and ADMIN_PASSWORD',
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
