import { statementsOf } from '@arcadium/postgres/statement';
import { problemsOf } from '@arcadium/postgres/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
// Loads every store that a procedure uses.
import { openAuth, type TestAuth } from '../testing/service.ts';

let auth: TestAuth;
beforeAll(async () => {
  auth = await openAuth();
});
afterAll(() => auth.close());

test.each(statementsOf('auth').map((one) => [one.name, one] as const))(
  'the types of %s are those of the database',
  async (_, statement) => expect(await problemsOf(auth.client, statement)).toEqual([]),
);
