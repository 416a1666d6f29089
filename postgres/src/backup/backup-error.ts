/**
 * What went wrong with a backup:
 *
 * - `damaged`: it is truncated, was changed, or is not a backup
 * - `locked`: it is encrypted, and none of the given identities or the passphrase opens it
 * - `newer`: a later release made it
 * - `foreign`: it is of another service
 * - `occupied`: the schema that it would be restored into has rows
 * - `unready`: the database cannot be backed up, or restored into, as it is
 */
export type BackupErrorCode = 'damaged' | 'locked' | 'newer' | 'foreign' | 'occupied' | 'unready';

/** A backup that cannot be made, read or restored. Nothing was changed. */
export class BackupError extends Error {
  override readonly name = 'BackupError';
  readonly code: BackupErrorCode;

  constructor(code: BackupErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
