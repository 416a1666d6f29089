export { migrateTables, type MigratedTables, type MigrateTablesOptions } from './migrate-tables.ts';
export { tablesSql, type TablesSqlOptions } from './migrations.ts';
