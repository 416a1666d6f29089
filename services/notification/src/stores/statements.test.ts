import { statementsOf } from '@arcadium/postgres/statement';
import { problemsOf } from '@arcadium/postgres/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
// Loads every store that a procedure uses.
import { openService, type TestService } from '../testing/service.ts';

let service: TestService;
beforeAll(async () => {
  service = await openService();
});
afterAll(() => service.close());

test.each(statementsOf('notification').map((one) => [one.name, one] as const))(
  'the types of %s are those of the database',
  async (_, statement) => expect(await problemsOf(service.client, statement)).toEqual([]),
);
