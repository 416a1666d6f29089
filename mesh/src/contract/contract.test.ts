import { expect, test } from 'vitest';
import { z } from 'zod';
import {
  actingFor,
  admin,
  admit,
  anyone,
  anyService,
  contract,
  describeAccess,
  describeProcedures,
  either,
  entriesOf,
  error,
  errorFactories,
  missingScopes,
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

test('an example that its input refuses is an error that says where', () => {
  const get = query({
    summary: 'Get',
    input: z.object({ id: z.int() }),
    output: z.null(),
    access: anyone,
    examples: [{ id: 1 }, { id: 1.5 }],
  });
  expect(() => contract('c', { get })).toThrow(/^c\.get: example 2 does not fit the input: id .*int/);
  expect(describeProcedures([{ path: 'get', procedure: get }])[0]?.examples).toEqual([
    { id: 1 },
    { id: 1.5 },
  ]);
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

const scoped = (scopes: string[]) => ({ user: { ...ann, scopes }, service: undefined });
const both = { user: { ...ann, scopes: ['read'] }, service: { ...wiki, scopes: ['act', 'stock'] } };

// Each rule with scopes, in words, and for each caller the scopes that it lacks; `who`: it is refused for who it is.
test.each([
  [
    user({ scopes: ['read'] }),
    'users with the scope read',
    { ann: 'read', reader: '', writer: 'read', both: 'who' },
  ],
  [
    user({ scopes: ['read', 'write'] }),
    'users with the scopes read and write',
    { ann: 'read write', reader: 'write', writer: 'read', both: 'who' },
  ],
  [
    admin({ scopes: ['read'] }),
    'administrators with the scope read',
    { ann: 'who', reader: 'who', root: 'read' },
  ],
  [
    services('wiki', { scopes: ['stock'] }),
    'the service wiki with the scope stock',
    { reader: 'who', wiki: 'stock', both: '' },
  ],
  [
    anyService({ scopes: ['act'] }),
    'any service with the scope act',
    { wiki: 'act', both: '', reader: 'who' },
  ],
  [
    actingFor(services('wiki', { scopes: ['act'] }), user({ scopes: ['read', 'write'] })),
    'the service wiki with the scope act for users with the scopes read and write',
    { both: 'write', wiki: 'who', reader: 'who' },
  ],
  [
    either(services('wiki'), user({ scopes: ['read'] })),
    'the service wiki, or users with the scope read',
    { wiki: '', ann: 'read', reader: '' },
  ],
])('a rule may ask for scopes %#', (access, words, expected: Record<string, string>) => {
  expect(describeAccess(access)).toBe(words);
  const known: Record<string, Caller> = {
    ann: { user: ann, service: undefined },
    reader: scoped(['read']),
    writer: scoped(['write']),
    root: { user: root, service: undefined },
    wiki: { user: undefined, service: wiki },
    both,
  };
  for (const [name, lacks] of Object.entries(expected)) {
    const caller = known[name] ?? nobody;
    expect([name, admit(access, caller)]).toEqual([name, lacks === '' ? 'admitted' : 'forbidden']);
    expect([name, missingScopes(access, caller).join(' ')]).toEqual([name, lacks === 'who' ? '' : lacks]);
  }
  expect(admit(access, nobody)).toBe('unauthenticated');
  const procedures = contract('c', { one: query({ summary: 'One', output: z.object({}), access }) });
  expect(describeProcedures(entriesOf(procedures))[0]?.access).toEqual({
    words,
    alternatives: access.alternatives,
  });
});

test.each([[[]], [['two words']], [['quo"te']], [['']], [['ünicode']]])(
  '%j is no list of scopes',
  (scopes) => {
    expect(() => user({ scopes: scopes as unknown as ['one'] })).toThrow(TypeError);
    expect(() => services('wiki', { scopes: scopes as unknown as ['one'] })).toThrow(TypeError);
  },
);

test.each(['user', 'anyone', 'Wiki', 'wiki for user', ''])('no service is called %j', (name) => {
  expect(() => services(name as 'wiki')).toThrow('cannot be the name of a service');
});

test('an error whose data does not fit its schema is a bug of the handler', () => {
  const { GONE } = errorFactories({ GONE: error('NOT_FOUND', 'It is gone', z.object({ id: z.int() })) });
  expect(GONE({ id: 1 })).toMatchObject({ code: 'NOT_FOUND', named: { name: 'GONE', data: { id: 1 } } });
  expect(() => GONE({ id: 'x' } as never)).toThrow(z.ZodError);
});
