export { databaseStatus, type DatabaseStatus } from './database-status.ts';
export { SqlSession, type SqlAnswer } from './sql-session.ts';
