import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { recordingLogger, silentLogger, type LoggedLine } from '@arcadium/mesh/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Sample } from '../domain/sample.ts';
import { HistoryFile } from './history-file.ts';
import { History } from './history.ts';
import { Incidents } from './incidents.ts';

const day = 86_400_000;
const start = Date.parse('2026-01-01T00:00:00Z');
let folder: string;
let path: string;
let now: number;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'arcadium-history-'));
  path = join(folder, 'state', 'history.sqlite');
  now = start;
});
afterEach(() => rmSync(folder, { recursive: true }));

const clock = () => now;
const good = (at: number, responseTimeMs = 10): Sample => ({
  service: 'wiki',
  at,
  status: 'healthy',
  responseTimeMs,
  reason: null,
});
const bad = (at: number): Sample => ({
  service: 'wiki',
  at,
  status: 'unhealthy',
  responseTimeMs: null,
  reason: 'connection refused',
});

function open(log = silentLogger) {
  const file = new HistoryFile(path, log);
  return { file, history: new History(file, clock), incidents: new Incidents(file) };
}

function countOf(table: string): unknown {
  const database = new DatabaseSync(path);
  const row = database.prepare(`SELECT count(*) AS count FROM ${table}`).get();
  database.close();
  return row?.['count'];
}

test('a part has the share, the worst status and the times of its checks; a part without checks is there too', () => {
  const { file, history } = open();
  history.add([good(start + 1000, 10), { ...good(start + 1000), service: 'auth' }]);
  history.add([good(start + 3000, 30)]);
  history.add([bad(start + 5000)]);
  now = start + 60_000;
  history.add([good(now, 5)]);
  const points = history.points('wiki', 'hour');
  expect(points).toHaveLength(60);
  expect(points[0]).toEqual({
    at: start - 58 * 60_000,
    checks: 0,
    up: 0,
    worst: 'unknown',
    responseTimeMs: null,
    slowestMs: null,
  });
  expect(points.slice(58)).toEqual([
    { at: start, checks: 3, up: 2, worst: 'unhealthy', responseTimeMs: 20, slowestMs: 30 },
    { at: now, checks: 1, up: 1, worst: 'healthy', responseTimeMs: 5, slowestMs: 5 },
  ]);
  for (const span of ['day', 'week', 'month'] as const) {
    const parts = history.points('wiki', span);
    expect(parts.length).toBeLessThanOrEqual(200);
    expect(parts.at(-1)).toMatchObject({ checks: 4, up: 3, worst: 'unhealthy', slowestMs: 30 });
  }
  file.close();
});

test('uptime over a day, a week and a month, also after a restart', () => {
  const first = open();
  first.history.add([bad(start)]);
  now = start + 3 * day;
  first.history.add([good(now), bad(now + 1), good(now + 2)]);
  now = start + 20 * day;
  first.history.add([good(now)]);
  first.file.close();
  const { file, history } = open();
  expect(history.uptime('wiki')).toEqual({ day: 1, week: 1, month: 3 / 5 });
  expect(history.uptime('auth')).toEqual({ day: null, week: null, month: null });
  file.close();
});

test('each check is kept for a day, minutes for a week, quarters of an hour for 30 days, closed incidents too', () => {
  const { file, history, incidents } = open();
  history.add([good(start)]);
  incidents.open('wiki', start, 'gone');
  incidents.close('wiki', start + 1);
  incidents.open('auth', start, 'still gone');
  const kept = (age: number) => {
    now = start + age;
    history.thin();
    return [countOf('checks'), countOf('rollups'), countOf('incidents')];
  };
  expect(kept(day)).toEqual([1, 2, 2]);
  expect(kept(day + 1)).toEqual([0, 2, 2]);
  expect(kept(7 * day + 1)).toEqual([0, 1, 2]);
  expect(kept(30 * day)).toEqual([0, 1, 2]);
  expect(kept(30 * day + 2)).toEqual([0, 0, 1]);
  file.close();
});

test('only this user may read the file', () => {
  open().file.close();
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(statSync(join(folder, 'state')).mode & 0o777).toBe(0o700);
});

test('a file that is no database is left alone; the history goes on in memory, and says so once', () => {
  rmSync(folder, { recursive: true });
  folder = mkdtempSync(join(tmpdir(), 'arcadium-history-'));
  path = join(folder, 'history.sqlite');
  writeFileSync(path, 'not a database, but long enough to be one'.repeat(100));
  const lines: LoggedLine[] = [];
  const { file, history } = open(recordingLogger(lines));
  history.add([good(start)]);
  history.add([good(start + 2000)]);
  expect(history.uptime('wiki').day).toBe(1);
  expect([file.inMemory, lines.map(({ message }) => message)]).toEqual([
    true,
    ['the history file cannot be used; the history is kept in memory until the next start'],
  ]);
  file.close();
});

test('a file that fails while it is used: what was there stays visible, and no check is lost', () => {
  const lines: LoggedLine[] = [];
  const { file, history, incidents } = open(recordingLogger(lines));
  history.add([bad(start)]);
  incidents.open('wiki', start, 'gone');
  const other = new DatabaseSync(path);
  // As on a full disk or a read-only file system, writes fail and reads do not.
  other.exec("CREATE TRIGGER full BEFORE INSERT ON checks BEGIN SELECT raise(ABORT, 'disk is full'); END");
  other.close();
  history.add([good(start + 1000)]);
  history.add([good(start + 2000)]);
  expect(file.inMemory).toBe(true);
  expect(lines).toHaveLength(1);
  expect(history.points('wiki', 'hour').at(-1)).toMatchObject({ checks: 3, up: 2 });
  expect(incidents.close('wiki', start + 1000)).toMatchObject({ id: 1, endedAt: start + 1000 });
  file.close();
});
