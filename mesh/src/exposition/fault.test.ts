import { expect, test } from 'vitest';
import { isFault } from './fault.ts';

test.each([
  ['OK', false],
  ['NOT_FOUND', false],
  ['TOO_MANY_REQUESTS', false],
  ['CLIENT_CLOSED_REQUEST', false],
  ['TIMEOUT', true],
  ['SERVICE_UNAVAILABLE', true],
  ['INTERNAL_SERVER_ERROR', true],
  ['A_CODE_OF_TOMORROW', true],
])('%s is a fault of the server: %s', (code, fault) => {
  expect(isFault(code)).toBe(fault);
});
