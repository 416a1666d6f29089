import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline/promises';
import { SqlSession, type SqlAnswer } from '@arcadium/postgres/inspect';
import type { Command } from 'commander';
import { readLine } from '../read-line.ts';
import { drawTable } from '../table.ts';
import { databaseOf } from './database.ts';

interface Options {
  command?: string;
  write?: boolean;
  json?: boolean;
}

/** `db shell <service> [--command <sql>] [--write] [--json]`. */
export function dbShell(self: Command): Command {
  return self
    .argument('<service>', 'such as wiki')
    .option('-c, --command <sql>', 'run this statement and end')
    .option('--write', 'allow changes; asks first, and opens psql where it is installed')
    .option('--json', 'each answer as a line of JSON')
    .addHelpText(
      'after',
      `
It has the rights of the service itself. Without --write, nothing that is typed can change the database: each statement
runs in a read-only transaction of its own. A statement ends with a line that ends with a semicolon; \\d lists the
tables, \\d <table> the columns of one, and \\q ends.

Examples:
  npm run mesh -- db shell wiki
  npm run mesh -- db shell wiki --json -c 'SELECT count(*) FROM pages'
  npm run mesh -- db shell wiki --write`,
    )
    .action(run);
}

async function run(service: string, options: Options): Promise<void> {
  const { command, write = false, json = false } = options;
  const { trafficUrl: url } = databaseOf(service);
  if (write) {
    const answer = await readLine(
      `Changes to the database of ${service} skip all of its rules. Type ${service} to go on: `,
    );
    if (answer?.trim() !== service) throw new Error('Not confirmed; nothing was changed');
    if (command === undefined && process.stdin.isTTY && (await psql(url, service))) return;
  }
  await using session = await SqlSession.open(url, { service, readOnly: !write });
  if (command !== undefined) {
    print(await session.run(command), json);
    return;
  }
  if (process.stdin.isTTY) await typed(session, service, json);
  else await piped(session, json);
}

/** Ends with the first statement that fails. */
async function piped(session: SqlSession, json: boolean): Promise<void> {
  let sql = '';
  for (let line = await readLine(''); line !== undefined; line = await readLine('')) {
    sql += `${line}\n`;
    if (!isComplete(sql)) continue;
    print(await session.run(statementOf(sql)), json);
    sql = '';
  }
  if (sql.trim() !== '') print(await session.run(statementOf(sql)), json);
}

/** Goes on after a statement that fails, until Ctrl-D or `\q`. */
async function typed(session: SqlSession, service: string, json: boolean): Promise<void> {
  const lines = createInterface({ input: process.stdin, output: process.stderr, prompt: `${service}=> ` });
  let sql = '';
  lines.prompt();
  for await (const line of lines) {
    sql += `${line}\n`;
    if (sql.trim() === '\\q') break;
    if (isComplete(sql)) {
      try {
        print(await session.run(statementOf(sql)), json);
      } catch (error) {
        console.error(error instanceof Error ? error.message : String(error));
      }
      sql = '';
    }
    lines.setPrompt(`${service}${sql.trim() === '' ? '=' : '-'}> `);
    lines.prompt();
  }
  lines.close();
}

function isComplete(sql: string): boolean {
  return /;\s*$/.test(sql) || sql.startsWith('\\');
}

const tables = `SELECT table_name, table_type FROM information_schema.tables
  WHERE table_schema = current_schema() ORDER BY table_name`;
const columnsOf = (table: string) => `SELECT column_name, data_type, is_nullable, column_default
  FROM information_schema.columns WHERE table_schema = current_schema()
  AND table_name = '${table.replaceAll("'", "''")}' ORDER BY ordinal_position`;

/** The statement for `\d`, and any other as it is. */
function statementOf(sql: string): string {
  const [described, table] = /^\\dt?(?:\s+(\S+))?\s*$/.exec(sql) ?? [];
  if (described === undefined) return sql;
  return table === undefined ? tables : columnsOf(table);
}

function print({ command, columns, rows, count }: SqlAnswer, json: boolean): void {
  if (json) {
    const objects = rows.map((row) => Object.fromEntries(columns.map((name, at) => [name, row[at] ?? null])));
    console.log(JSON.stringify(columns.length > 0 ? objects : { command, count }));
  } else if (columns.length > 0) {
    const cell = (value: string | null) => (value ?? '').replaceAll(/\s+/g, ' ');
    console.log(drawTable([columns, ...rows.map((row) => row.map(cell))]));
  } else {
    console.error(`${command} ${count}`);
  }
  if (count > rows.length && rows.length > 0)
    console.error(`${count - rows.length} more rows: narrow the statement`);
}

/** @returns False if it is not installed. */
async function psql(url: string, service: string): Promise<boolean> {
  // The password in the environment: other users see the arguments of a process.
  const [, before = '', password, after = ''] = /^(\w+:\/\/[^:@/?]*)(?::([^@/?]*))?(@.*)?$/.exec(url) ?? [];
  const child = spawn('psql', [before + after], {
    stdio: 'inherit',
    env: {
      ...process.env,
      PGOPTIONS: `-c search_path=${service},extensions`,
      ...(password !== undefined && { PGPASSWORD: decodeURIComponent(password) }),
    },
  });
  try {
    await once(child, 'spawn');
  } catch {
    return false;
  }
  const [code] = (await once(child, 'exit')) as [number | null];
  process.exitCode = code ?? 1;
  return true;
}
