import { ConfigError, readConfig, secret, type Environment } from '@arcadium/mesh/config';
import { z } from 'zod';

import type { Encryption, Unlocking } from './seal.ts';

/** What a person must type to read a backup can be guessed by whoever has the file: not too short. */
const passphrase = z.string().min(15, 'is too short: a passphrase needs 15 characters');

/**
 * How backups are encrypted, from `BACKUP_RECIPIENTS` or `BACKUP_PASSPHRASE`; both also as `<NAME>_FILE`.
 *
 * @throws ConfigError if both are set, or neither and backups are not said to stay unencrypted.
 */
export function encryptionFrom(environment: Environment, unencrypted: boolean): Encryption | undefined {
  const { BACKUP_RECIPIENTS, BACKUP_PASSPHRASE } = readConfig(
    { BACKUP_RECIPIENTS: z.string().optional(), BACKUP_PASSPHRASE: passphrase.optional() },
    environment,
  );
  const set = [BACKUP_RECIPIENTS, BACKUP_PASSPHRASE].filter((value) => value !== undefined);
  if (set.length > 1) throw new ConfigError(['BACKUP_RECIPIENTS and BACKUP_PASSPHRASE: set one of the two']);
  if (set.length > 0 && unencrypted)
    throw new ConfigError(['--unencrypted: BACKUP_RECIPIENTS or BACKUP_PASSPHRASE is set']);
  if (set.length === 0 && !unencrypted)
    throw new ConfigError([
      'BACKUP_RECIPIENTS: is not set, and BACKUP_PASSPHRASE is not; "npm run mesh -- db keygen" makes a key. Or say --unencrypted',
    ]);
  if (BACKUP_PASSPHRASE !== undefined) return { passphrase: BACKUP_PASSPHRASE };
  return BACKUP_RECIPIENTS === undefined ? undefined : { recipients: linesOf(BACKUP_RECIPIENTS) };
}

/**
 * What opens backups, from `BACKUP_IDENTITY` or `BACKUP_PASSPHRASE`; both also as `<NAME>_FILE`.
 *
 * @returns `undefined` if neither is set: only an unencrypted backup can be read then.
 */
export function unlockingFrom(environment: Environment): Unlocking | undefined {
  const { BACKUP_IDENTITY, BACKUP_PASSPHRASE } = readConfig(
    { BACKUP_IDENTITY: secret.optional(), BACKUP_PASSPHRASE: secret.optional() },
    environment,
  );
  if (BACKUP_IDENTITY !== undefined) return { identities: linesOf(BACKUP_IDENTITY) };
  return BACKUP_PASSPHRASE === undefined ? undefined : { passphrase: BACKUP_PASSPHRASE };
}

/** Separated by commas or line breaks; a line that begins with # is a comment, as age-keygen writes them. */
function linesOf(text: string): string[] {
  return text
    .split(/\r?\n/)
    .filter((line) => !line.trim().startsWith('#'))
    .flatMap((line) => line.split(','))
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
}
