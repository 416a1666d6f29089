import { generateX25519Identity, identityToRecipient } from 'age-encryption';
import { Command } from 'commander';

/** `db keygen`. */
export function dbKeygen(): Command {
  return new Command('keygen')
    .description('Print a new key of age for backups; keep it where backups are not')
    .action(async () => {
      const identity = await generateX25519Identity();
      console.log(`# BACKUP_RECIPIENTS, for what makes backups: ${await identityToRecipient(identity)}`);
      console.log('# BACKUP_IDENTITY, for what restores them:');
      console.log(identity);
    });
}
