import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { generateX25519Identity, identityToRecipient } from 'age-encryption';

/**
 * Makes the key of backups, once: `docker/secrets/backup/BACKUP_RECIPIENTS`, which the container that makes them has, and
 * `BACKUP_IDENTITY`, which restores them, and which no container has.
 */
export async function writeBackupKey(root: string): Promise<void> {
  const folder = join(root, 'docker/secrets/backup');
  const [recipients, identity] = [join(folder, 'BACKUP_RECIPIENTS'), join(folder, 'BACKUP_IDENTITY')];
  if (existsSync(recipients)) return;
  mkdirSync(folder, { recursive: true });
  const key = await generateX25519Identity();
  writeFileSync(identity, key, { mode: 0o600 });
  writeFileSync(recipients, await identityToRecipient(key));
  // Whatever the umask: the container runs as another user.
  chmodSync(recipients, 0o444);
}
