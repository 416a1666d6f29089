import { envFileName } from '@arcadium/mesh/config';
import { Option } from 'commander';
import { root } from '../workspace.ts';
import { writeToken } from './write-token.ts';

/** `--write`, of commands that make a token. */
export function writeOption(): Option {
  return new Option(
    '--write',
    'write it to services/<service>/.env, or to the file that SERVICE_TOKEN_FILE names there, instead of printing it',
  );
}

/** Prints a token by itself, so that it can be piped, and on standard error what it is; or puts it where the service reads it. */
export function handOver(
  issued: Readonly<{ token: string; tokenId: string; service: string; expiresAt: string }>,
  { write = false }: { write?: boolean | undefined },
): void {
  const { token, tokenId, service, expiresAt } = issued;
  const what = `Token ${tokenId} of ${service}, valid until ${expiresAt}`;
  if (write) {
    const path = writeToken(root, { service, token, envFile: envFileName(process.env) });
    console.error(`${what}, is in ${path}; restart the service if it does not watch this file`);
    return;
  }
  console.error(`${what}:`);
  console.log(token);
}
