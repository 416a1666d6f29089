import { describeDatabaseError } from '../database/database-errors.ts';
import { backup, type Backup, type BackupOptions } from './backup.ts';

/** Options of {@link backupServices}. */
export interface BackupServicesOptions extends Omit<BackupOptions, 'service' | 'url'> {
  /** The services, each with the URL that {@link backup} takes. */
  services: readonly { name: string; url: string }[];
}

/** What became of the backup of a service. */
export type Outcome = { service: string; durationMs: number } & (
  | { made: Backup; error?: never }
  | { made?: never; error: string }
);

/**
 * Backs up services one after another. One that fails keeps its older backups; the others are backed up all
 * the same.
 */
export async function* backupServices(options: BackupServicesOptions): AsyncGenerator<Outcome> {
  const { services, ...others } = options;
  for (const { name: service, url } of services) {
    const startedAt = performance.now();
    const durationMs = () => Math.round(performance.now() - startedAt);
    try {
      others.signal?.throwIfAborted();
      const made = await backup({ ...others, service, url });
      yield { service, durationMs: durationMs(), made };
    } catch (error) {
      yield { service, durationMs: durationMs(), error: describeDatabaseError(error) };
    }
  }
}
