// What a diagnosis reads: rules of provisioning and migration, and a session to look with. Only for tools of this
// repository.
export {
  compareHistory,
  readHistory,
  type HistoryDifference,
  type HistoryEntry,
} from '../migrate/history.ts';
export { readMigrations } from '../migrate/migration-list.ts';
export { readRights } from '../migrate/obstacle.ts';
export { extensionNames } from '../provision/extensions.ts';
export { roleSettings, trafficRights } from '../provision/grants.ts';
export { readRoom } from '../provision/room.ts';
export { openSession, type FailedSession, type Session } from './session.ts';
export { databaseStatus, type DatabaseStatus } from './database-status.ts';
export { SqlSession, type SqlAnswer } from './sql-session.ts';
