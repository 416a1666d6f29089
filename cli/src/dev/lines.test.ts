import { PassThrough } from 'node:stream';
import { finished } from 'node:stream/promises';
import { expect, test } from 'vitest';
import { printLines } from './lines.ts';

test('lines come whole, and those that do not say whose they are get the name', async () => {
  const output = new PassThrough();
  const printed: string[] = [];
  printLines('wiki', output, (line) => printed.push(line));
  output.write('{"level":"info","service":"wiki","msg":"wiki is re');
  output.write('ady"}\n[22:10:03] \u001B[36mwiki\u001B[39m \u001B[32mINFO\u001B[39m wiki is ready\n');
  output.write('Error: it broke\n    at file:///app/services/wiki/src/app.ts:1\n\n');
  output.end('{"service":"other"}\nhalf a line');
  await finished(output);
  expect(printed).toEqual([
    '{"level":"info","service":"wiki","msg":"wiki is ready"}',
    '[22:10:03] \u001B[36mwiki\u001B[39m \u001B[32mINFO\u001B[39m wiki is ready',
    'wiki: Error: it broke',
    'wiki:     at file:///app/services/wiki/src/app.ts:1',
    '',
    'wiki: {"service":"other"}',
    'wiki: half a line',
  ]);
});
