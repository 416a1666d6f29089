import { SettingFile } from '@arcadium/mesh/config';
import type { Startable } from '@arcadium/mesh/server';
import type { Logger } from '@arcadium/mesh/telemetry';
import type { PrismaClient } from '@arcadium/prisma/auth';
import { settings, type Config } from './config.ts';
import { Seal } from './domain/seal.ts';
import type { KeyRing } from './jobs/key-ring.ts';
import type { Reencryption } from './jobs/reencryption.ts';
import { loadMacKey } from './stores/sealed-secrets.ts';

/** What uses the secrets. */
export interface SecretUsers {
  database: PrismaClient;
  seal: Seal;
  keyRing: KeyRing;
  reencryption: Reencryption;
  log: Logger;
}

/** Follows the files of this service's keys, and puts changed ones in force. */
export function followSecretFiles(config: Config, users: SecretUsers): Startable[] {
  const { database, seal, keyRing, reencryption, log } = users;
  return [
    new SettingFile({
      setting: 'ENCRYPTION_KEY',
      file: config.ENCRYPTION_KEY_FILE,
      schema: settings.ENCRYPTION_KEY,
      value: config.ENCRYPTION_KEY,
      log,
      async use(keys) {
        if (!(await loadMacKey(database, new Seal(...keys))))
          throw new Error(
            'none of its keys decrypts what is stored: put the new key first, and keep the old one after a comma',
          );
        seal.use(keys);
        keyRing.readAgain();
        reencryption.keysChanged();
      },
    }),
    new SettingFile({
      setting: 'SIGNING_KEYS',
      file: config.SIGNING_KEYS_FILE,
      schema: settings.SIGNING_KEYS,
      value: config.SIGNING_KEYS,
      log,
      use: (signing) => keyRing.useEnvironment({ signing }),
    }),
    new SettingFile({
      setting: 'PUBLIC_KEYS',
      file: config.PUBLIC_KEYS_FILE,
      schema: settings.PUBLIC_KEYS,
      value: config.PUBLIC_KEYS,
      log,
      use: (jwks) => keyRing.useEnvironment({ publicOnly: jwks?.keys ?? [] }),
    }),
  ];
}
