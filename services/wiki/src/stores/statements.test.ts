import { statementsOf } from '@arcadium/postgres/statement';
import { problemsOf } from '@arcadium/postgres/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
// Loads every store that a procedure uses.
import { openWiki, type TestWiki } from '../testing/service.ts';

let wiki: TestWiki;
beforeAll(async () => {
  wiki = await openWiki();
});
afterAll(() => wiki.close());

test.each(statementsOf('wiki').map((one) => [one.name, one] as const))(
  'the types of %s are those of the database',
  async (_, statement) => expect(await problemsOf(wiki.client, statement)).toEqual([]),
);
