import { authContract } from '@arcadium/contracts/auth';
import { connect, isCallError, type MeshClient } from '@arcadium/mesh/client';
import { createLogger } from '@arcadium/mesh/telemetry';
import type { Command } from 'commander';
import { beginSession, type Ask } from '../call/log-in.ts';
import { commandTls } from '../tls.ts';
import { urlOf } from '../workspace.ts';

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
}

/**
 * Logs in, unless MESH_ACCESS_TOKEN is set.
 *
 * @param ask Asks for a password or a code. @default at the terminal
 * @throws Error with a message for the terminal, when auth cannot be reached or refuses the log-in.
 */
export async function openSession(command: Command, ask?: Ask): Promise<AdministratorSession> {
  const given = process.env['MESH_ACCESS_TOKEN'];
  let session = given ? undefined : await beginSession(command, ask);
  const token = () => session?.accessToken ?? given ?? '';
  const options = { url: urlOf('auth'), tls: commandTls(), log, retryPolicy } as const;
  const auth = connect(authContract, { ...options, as: 'admin', token });
  return {
    auth,
    token,
    async renew() {
      if (!session || Date.parse(session.expiresAt) > Date.now() + 60_000) return;
      session = await auth.sessions.refresh.mutate({ refreshToken: session.refreshToken });
    },
    [Symbol.asyncDispose]: () => auth[Symbol.asyncDispose](),
  };
}

/** Whether a call failed with this typed error of its contract. */
export function failedWith(name: string, error: unknown): boolean {
  return isCallError(error) && error.data.error?.name === name;
}
