import { MeshError } from '@arcadium/mesh/contract';
import { expect, test } from 'vitest';
import { describeFailure, isAboutOneMessage, isPermanent } from './refusal.ts';

const fromTrpc = (code: string) => Object.assign(new Error('refused'), { data: { code } });
const namedFromTrpc = (code: string, name: string) =>
  Object.assign(new Error('refused'), { data: { code, error: { name, data: {} } } });

test.each([
  [fromTrpc('BAD_REQUEST'), true],
  [fromTrpc('CONFLICT'), true],
  [new MeshError('UNPROCESSABLE_CONTENT', 'refused'), true],
  // A topic that others send: the contract says so by name.
  [namedFromTrpc('FORBIDDEN', 'FOREIGN_TOPIC'), true],
  [new MeshError('FORBIDDEN', 'refused', { named: { name: 'FOREIGN_TOPIC', data: {} } }), true],
  [new MeshError('FORBIDDEN', 'refused'), false],
  [fromTrpc('SERVICE_UNAVAILABLE'), false],
  [fromTrpc('TIMEOUT'), false],
  // A token that expired, a procedure of the next version, a fault: somebody mends these.
  [fromTrpc('UNAUTHORIZED'), false],
  [fromTrpc('FORBIDDEN'), false],
  [fromTrpc('NOT_FOUND'), false],
  [fromTrpc('INTERNAL_SERVER_ERROR'), false],
  [new TypeError('fetch failed'), false],
  [Object.assign(new Error('refused'), { code: 'ECONNREFUSED', data: null }), false],
  [undefined, false],
])('%s is permanent: %s', (error, permanent) => {
  expect(isPermanent(error)).toBe(permanent);
});

test('a fault inside the service says nothing about whether other messages get through', () => {
  expect(isAboutOneMessage(fromTrpc('INTERNAL_SERVER_ERROR'))).toBe(true);
  expect(isAboutOneMessage(fromTrpc('SERVICE_UNAVAILABLE'))).toBe(false);
});

test('a failure is described by code and message, briefly and storably', () => {
  expect(describeFailure(fromTrpc('CONFLICT'))).toBe('CONFLICT: refused');
  expect(describeFailure(`a\0b${'c'.repeat(1000)}`)).toMatch(/^UNKNOWN: abc{489}$/);
});
