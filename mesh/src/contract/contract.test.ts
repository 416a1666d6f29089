import { expect, test } from 'vitest';
import { z } from 'zod';
import {
  actingFor,
  admin,
  admit,
  anyone,
  contract,
  either,
  entriesOf,
  error,
  errorFactories,
  nobody,
  query,
  services,
  user,
  type Caller,
} from './index.ts';

const some = query({ summary: 'Some', output: z.object({}), access: anyone });

test('entries come with their paths, in the order of the contract', () => {
  const made = contract('c', { b: { two: some, deep: { one: some } }, a: some });
  expect(entriesOf(made).map(({ path }) => path)).toEqual(['b.two', 'b.deep.one', 'a']);
});

test.each(['then', 'call', 'apply', 'constructor', 'toString', '__proto__', 'Upper', 'with-dash', 'a.b', ''])(
  'no procedure is called %j',
  (name) => {
    expect(() => contract('c', { group: Object.fromEntries([[name, some]]) })).toThrow('cannot be the name');
  },
);

test.each([0, -1, NaN, Infinity, 2 ** 31])('a time-out of %d is none', (timeoutMs) => {
  const never = query({ summary: 'Never', output: z.object({}), access: anyone, timeoutMs });
  expect(() => contract('c', { never })).toThrow('c.never: timeoutMs');
});

const ann = { id: '1', name: 'Ann', role: 'user', tokenId: 't', expiresAt: Infinity } as const;
const root = { ...ann, role: 'admin' } as const;
const wiki = { id: '2', name: 'wiki', tokenId: 't', expiresAt: Infinity };
const callers: Record<string, Caller> = {
  nobody,
  user: { user: ann, service: undefined },
  admin: { user: root, service: undefined },
  wiki: { user: undefined, service: wiki },
  'wiki for user': { user: ann, service: wiki },
  'wiki for admin': { user: root, service: wiki },
};

// Each rule, and whom it admits: all others are refused.
test.each([
  ['anyone', anyone, ['nobody', 'user', 'admin', 'wiki', 'wiki for user', 'wiki for admin']],
  ['user', user, ['user', 'admin']],
  ['admin', admin, ['admin']],
  ['services(wiki)', services('wiki'), ['wiki', 'wiki for user', 'wiki for admin']],
  ['services(auth)', services('auth'), []],
  ['services()', services(), []],
  ['wiki acting for a user', actingFor(services('wiki'), user), ['wiki for user', 'wiki for admin']],
  ['wiki acting for an administrator', actingFor(services('wiki'), admin), ['wiki for admin']],
  ['either', either(admin, services('wiki')), ['admin', 'wiki', 'wiki for user', 'wiki for admin']],
  ['no rule at all', { alternatives: [] }, []],
])('%s admits exactly whom it names', (_name, rule, admitted: readonly string[]) => {
  for (const [name, caller] of Object.entries(callers)) {
    const refused = name === 'nobody' ? 'unauthenticated' : 'forbidden';
    expect([name, admit(rule, caller)]).toEqual([name, admitted.includes(name) ? 'admitted' : refused]);
  }
});

test.each(['user', 'anyone', 'Wiki', 'wiki for user', ''])('no service is called %j', (name) => {
  expect(() => services(name as 'wiki')).toThrow('cannot be the name of a service');
});

test('an error whose data does not fit its schema is a bug of the handler', () => {
  const { GONE } = errorFactories({ GONE: error('NOT_FOUND', 'It is gone', z.object({ id: z.int() })) });
  expect(GONE({ id: 1 })).toMatchObject({ code: 'NOT_FOUND', named: { name: 'GONE', data: { id: 1 } } });
  expect(() => GONE({ id: 'x' } as never)).toThrow(z.ZodError);
});
