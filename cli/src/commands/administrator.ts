import { authContract } from '@arcadium/contracts/auth';
import { connect, type MeshClient } from '@arcadium/mesh/client';
import { createLogger } from '@arcadium/mesh/telemetry';
import type { Command } from 'commander';
import { logIn } from '../call/log-in.ts';
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
  const token = await logIn(command);
  await using auth = connect(authContract, {
    as: 'admin',
    url: urlOf('auth'),
    token,
    tls: commandTls(),
    log,
    retryPolicy,
  });
  await work(auth, token);
}
