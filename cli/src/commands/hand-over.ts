import { envFileName } from '@arcadium/mesh/config';
import { Option } from 'commander';
import { inCheckout, root } from '../workspace.ts';
import { writeToken } from './write-token.ts';

/** The option `--write` of commands that create a token. */
export function writeOption(): Option {
  return new Option(
    '--write',
    'write it to services/<service>/.env, or to the file that SERVICE_TOKEN_FILE names there, instead of printing it',
  );
}

/**
 * Prints a token to standard output, so that it can be piped, and its description to standard error. With
 * `write`, stores the token where the service reads it.
 */
export function handOver(
  issued: Readonly<{ token: string; tokenId: string; service: string; expiresAt: string }>,
  { write = false }: { write?: boolean | undefined },
): void {
  const { token, tokenId, service, expiresAt } = issued;
  const what = `Token ${tokenId} of ${service}, valid until ${expiresAt}`;
  if (write && inCheckout) {
    const path = writeToken(root, { service, token, envFile: envFileName(process.env) });
    console.error(`${what}, is in ${path}; restart the service if it does not watch this file`);
    return;
  }
  if (write) console.error('--write needs a checkout of Arcadium; the token is printed instead');
  console.error(`${what}:`);
  console.log(token);
}
