import { entriesOf } from '@arcadium/mesh/contract';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { authContract } from './contract.ts';

/** Procedures that hash a password before they answer, or that check a code. */
const costly = entriesOf(authContract).filter(({ procedure: { input } }) => {
  const { properties = {} } = input ? z.toJSONSchema(input, { io: 'input', unrepresentable: 'any' }) : {};
  return Object.keys(properties).some((name) => /password|code/i.test(name));
});

test('whatever takes a password or a code is limited by address: hashes are few, and everybody’s', () => {
  expect(costly.map(({ path }) => path)).toEqual(
    expect.arrayContaining(['users.register', 'users.changePassword', 'sessions.login', 'totp.disable']),
  );
  const unlimited = costly.filter(({ procedure: { rateLimit } }) => rateLimit === undefined);
  expect(unlimited.map(({ path }) => path)).toEqual([]);
});

test('what a service reports is limited by its address: the log of what was done has room for all', () => {
  expect(authContract.procedures.audit.report.rateLimit).toEqual({ calls: 300, perMs: 60_000 });
});
