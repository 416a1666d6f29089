import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { recordingLogger } from '../testing/index.ts';
import { beginStartup, beginStop, Outage, startupGraceMs, startupLeftMs, startupLevel } from './index.ts';

let log: ReturnType<typeof recordingLogger>;
let outage: Outage;
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance', 'setTimeout', 'clearTimeout'] });
  log = recordingLogger();
  outage = new Outage(log);
});
afterEach(() => {
  vi.useRealTimers();
});

const said = () => log.lines.map(({ level, message }) => `${level}: ${message}`);
const begin = (reason = 'refused') => outage.begin({ reason }, 'auth is away');
const end = () => outage.end({}, 'auth is back');

test('an outage is said once, and once that it is over', () => {
  for (const _attempt of [1, 2, 3]) begin();
  expect(outage.away).toBe(true);
  for (const _success of [1, 2]) end();
  expect(outage.away).toBe(false);
  begin();
  expect(said()).toEqual(['warn: auth is away', 'info: auth is back', 'warn: auth is away']);
});

test('in a process that starts, what has not worked yet and works soon is told at debug only', () => {
  beginStartup();
  begin();
  vi.advanceTimersByTime(startupLeftMs() - 1);
  begin();
  end();
  vi.advanceTimersByTime(startupGraceMs);
  expect(said()).toEqual(['debug: auth is away', 'debug: auth is back']);
});

test('what is still away after ten seconds is a warning then, with what it failed with last', () => {
  beginStartup();
  begin('refused');
  vi.advanceTimersByTime(startupLeftMs() - 1);
  begin('starting');
  expect(said()).toEqual(['debug: auth is away']);
  vi.advanceTimersByTime(1);
  expect(log.lines.at(-1)).toEqual({
    level: 'warn',
    message: 'auth is away',
    fields: { reason: 'starting' },
  });
  begin();
  end();
  expect(said()).toEqual(['debug: auth is away', 'warn: auth is away', 'info: auth is back']);
});

test('what worked once is no part of the start: its loss is a warning at once', () => {
  beginStartup();
  end();
  begin();
  expect(said()).toEqual(['warn: auth is away']);
});

test('in a process that stops, what stops with it is told at debug only', () => {
  beginStartup();
  end();
  beginStop();
  begin();
  expect(said()).toEqual(['debug: auth is away']);
});

test('one that is closed says no more', () => {
  beginStartup();
  begin();
  outage.close();
  vi.advanceTimersByTime(startupGraceMs);
  expect(said()).toEqual(['debug: auth is away']);
});

test('single failures are warnings ten seconds after the process began, and in one that does not start', () => {
  beginStartup();
  expect([startupLevel(), startupLevel('debug')]).toEqual(['info', 'debug']);
  vi.advanceTimersByTime(startupGraceMs);
  expect([startupLevel(), startupLevel('debug'), startupLeftMs()]).toEqual(['warn', 'warn', 0]);
});
