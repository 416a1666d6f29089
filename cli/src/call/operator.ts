import { header, serviceTokenScheme, userTokenScheme } from '@arcadium/mesh/client';
import type { Command } from 'commander';
import { settingsOf } from '../workspace.ts';
import { onceLoggedIn } from './log-in.ts';

/**
 * Headers for what services and administrators may read: with the SERVICE_TOKEN of the environment, else as the
 * administrator, who logs in when they are first asked for.
 */
export function operatorOf(command: Command): () => Promise<Record<string, string>> {
  const logIn = onceLoggedIn(command);
  return async () => {
    const { SERVICE_TOKEN } = settingsOf();
    const authorization =
      SERVICE_TOKEN === undefined
        ? `${userTokenScheme} ${await logIn()}`
        : `${serviceTokenScheme} ${SERVICE_TOKEN}`;
    return { [header.authorization]: authorization };
  };
}
