import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { beginStartup } from '@arcadium/mesh/telemetry';
import { recordingLogger } from '@arcadium/mesh/testing';

import { WaitingLog } from './waiting-log.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

test('one line for a reason: information while the process starts, a warning after ten seconds, again every 30 s', () => {
  const log = recordingLogger();
  const waiting = new WaitingLog('wiki', log);
  const levels = () => log.lines.map(({ level }) => level);
  const sayFor = (seconds: number) => {
    for (let n = 0; n < seconds; n += 1) {
      waiting.say({ reason: 'schema "wiki" does not exist yet' });
      vi.advanceTimersByTime(1000);
    }
  };
  beginStartup();
  sayFor(10);
  expect(levels()).toEqual(['info']);
  sayFor(1);
  expect(levels()).toEqual(['info', 'warn']);
  sayFor(29);
  expect(levels()).toEqual(['info', 'warn']);
  sayFor(1);
  expect(levels()).toEqual(['info', 'warn', 'warn']);
  waiting.say({ reason: 'database "arcadium" does not exist yet', code: '3D000' });
  expect(log.lines.at(-1)).toEqual({
    level: 'warn',
    message: 'waiting for the database: database "arcadium" does not exist yet',
    fields: { schema: 'wiki', code: '3D000' },
  });
  waiting.end();
  expect(log.lines.at(-1)).toMatchObject({ level: 'info', message: 'the database is ready' });
});

test('what did not have to wait says nothing', () => {
  const log = recordingLogger();
  new WaitingLog('wiki', log).end();
  expect(log.lines).toEqual([]);
});
