import { expect, test } from 'vitest';
import { prettyDestination } from './pretty.ts';

/** The output for a line, without its time. */
function pretty(line: Record<string, unknown>, colour = false): string {
  let written = '';
  const out = { write: (text: string) => void (written += text) };
  const whole = { level: 'info', timestamp: '2026-01-02T03:04:05.678Z', service: 'wiki', ...line };
  prettyDestination(out, colour).write(`${JSON.stringify(whole)}\n`);
  expect(written).toMatch(/^\d\d:\d\d:05\.678 .*\n$/s);
  return written.slice(13, -1);
}

test('time, service, level, message', () => {
  expect(pretty({ msg: 'wiki is ready' })).toBe('wiki         INFO: wiki is ready');
});

test('a failure has its endpoint, its error and the number of retries; no stack, no context', () => {
  const line = {
    level: 'warn',
    endpoint: 'http://127.0.0.1:8006/trpc/notifications.send',
    address: '127.0.0.1',
    error: 'connect ECONNREFUSED 127.0.0.1:8006',
    code: 'SERVICE_UNAVAILABLE',
    retry_count: 2,
    context: { caller: 'wiki', procedure: 'notifications.send' },
    msg: 'a call to notification failed',
  };
  expect(pretty(line)).toBe(
    'wiki         WARN: a call to notification failed endpoint=http://127.0.0.1:8006/trpc/notifications.send error="connect ECONNREFUSED 127.0.0.1:8006" retry_count=2',
  );
});

test('a field that the message names already is not shown again, nor one without a value', () => {
  const url = 'http://127.0.0.1:5000';
  expect(pretty({ url, version: '1.0.0', reason: null, msg: `wiki answers at ${url}` })).toBe(
    `wiki         INFO: wiki answers at ${url}`,
  );
});

test('a warning stays one line, of reasonable width, whatever is in it', () => {
  const err = { type: 'Error', code: '28P01', message: 'x'.repeat(1000), stack: 'Error: x\n    at y' };
  const odd = '\u001B[2Jcleared\nand a second line';
  const line = pretty({ level: 'warn', err, odd, held: { a: [1, 2] }, msg: `${odd} ${'y '.repeat(500)}` });
  expect(line).not.toMatch(/\p{Cc}/u);
  expect(line).toContain(' error=xxx');
  expect(line).toContain(' held={"a":[1,2]}');
  expect(line.length).toBeLessThan(600);
});

test('an error has its stack below, and nothing in it that steers a terminal', () => {
  const stack = 'TypeError: no \u001B[31m\n    at here (file.ts:1:2)';
  const line = pretty({ level: 'error', err: { type: 'TypeError', message: 'no', stack }, msg: 'a fault' });
  expect(line.split('\n')).toEqual([
    'wiki         ERROR: a fault error=no',
    '    TypeError: no  [31m',
    '    at here (file.ts:1:2)',
  ]);
});

test('in colour, each service has its own, always the same', () => {
  const colourOf = (service: string) => /^\p{Cc}\[(\d+)m/u.exec(pretty({ service, msg: '' }, true))?.[1];
  const colours = ['auth', 'notification', 'wiki'].map(colourOf);
  expect(colours).not.toContain(undefined);
  expect(new Set(colours).size).toBe(3);
  expect(['auth', 'notification', 'wiki'].map(colourOf)).toEqual(colours);
  expect(pretty({ msg: 'plain' })).not.toContain('\u001B');
});
