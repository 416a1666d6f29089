export { backup, type Backup, type BackupOptions } from './backup.ts';
export { BackupError, type BackupErrorCode } from './backup-error.ts';
export { backupServices, type BackupServicesOptions, type Outcome } from './backup-services.ts';
export { restore, type RestoreOptions } from './restore.ts';
export type { Encryption, Unlocking } from './seal.ts';
export { encryptionFrom, unlockingFrom } from './settings.ts';
export { verify, type ReadBackup, type VerifyOptions } from './verify.ts';
