import { openBackup } from './backup-file.ts';
import { countRows, type Manifest } from './script.ts';
import { ScriptReader } from './script-reader.ts';
import { unseal, type Unlocking } from './seal.ts';

/** Options of {@link verify}. */
export interface VerifyOptions {
  /** The service whose backup it must be. */
  service: string;
  /** A backup, or a folder, of which the newest backup of the service is taken. */
  from: string;
  /** What opens it. @default it is not encrypted */
  open?: Unlocking | undefined;
}

/** A backup that was read. */
export interface ReadBackup extends Manifest {
  /** Path of the file. */
  path: string;
  /** Rows of each table. */
  rows: Record<string, number>;
}

/**
 * Reads a whole backup without a database: whether it can be opened, is complete and is what was written.
 *
 * @throws BackupError if not; the system's error if the file cannot be read.
 */
export async function verify({ service, from, open }: VerifyOptions): Promise<ReadBackup> {
  const { path, file } = await openBackup(from, service);
  const reader = new ScriptReader(unseal(file, open));
  try {
    const manifest = await reader.manifest(service);
    const rows: Record<string, number> = {};
    for (const table of manifest.tables) {
      let count = 0;
      for await (const chunk of reader.rows(service, table)) count += countRows(chunk);
      rows[table.name] = count;
    }
    await reader.end(manifest, rows);
    return { ...manifest, path, rows };
  } finally {
    await reader.close();
  }
}
