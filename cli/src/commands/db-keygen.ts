import { generateX25519Identity, identityToRecipient } from 'age-encryption';
import type { Command } from 'commander';
import { examples } from './examples.ts';

/** `db keygen`. */
export function dbKeygen(self: Command): Command {
  return examples(self, 'db keygen').action(async () => {
    const identity = await generateX25519Identity();
    console.log(`# BACKUP_RECIPIENTS, for what makes backups: ${await identityToRecipient(identity)}`);
    console.log('# BACKUP_IDENTITY, for what restores them:');
    console.log(identity);
  });
}
