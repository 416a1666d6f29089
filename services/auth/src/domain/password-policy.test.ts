import { expect, test } from 'vitest';
import { createPasswordPolicy } from './password-policy.ts';

const ada = { email: 'ada.lovelace@analytical-engine.example', name: 'Augusta Ada King' };
const policy = createPasswordPolicy({ leastCharacters: 15 });

test.each([
  ['correct horse battery staple'],
  ['four words are long'],
  ['the first administrator'],
  ['0f8fad5b-d9cb-469f-a165-70867728950e'],
  ['rW0cF2yPq9Zk1LmXs8Tb'],
  ['Ада любила числа'],
  ['漢字の長いパスワードは良いです'],
  ['my ada writes programs'],
  ['the password is swordfish'],
])('%j may be chosen', async (password) => {
  expect(await policy.refusalOf(password, ada)).toBeUndefined();
});

test.each([
  ['of the list', 'mailcreated5240'],
  ['of the list, in capitals', 'QAZWSXEDCRFVTGB'],
  ['of the list, in full-width letters', 'ｐａｓｓｗｏｒｄｐａｓｓｗｏｒｄ'],
  ['one of the list with digits after it', 'password1234567'],
  ['one of the list between digits and marks', '2024!!Sunshine!!2025'],
  ['one of the list, spelt out', 'p a s s w o r d - 2 0 2 6'],
  ['one of the list, repeated', 'dragondragondragon'],
  ['one of the list, repeated with spaces', 'monkey monkey monkey'],
  ['one of the list, repeated and padded', 'letmeinletmein2026'],
  ['one of the list, made longer with spaces', '           spaces'],
  ['one character', 'aaaaaaaaaaaaaaaa'],
  ['one character that needs two units', '😀'.repeat(15)],
  ['a few characters, repeated', 'ab1ab1ab1ab1ab1'],
  ['the alphabet', 'abcdefghijklmnop'],
  ['the alphabet, backwards', 'zyxwvutsrqponmlk'],
  ['digits in their order', '123456789012345'],
  ['digits, backwards', '987654321098765'],
  ['a row of keys', 'qwertyuiopasdfg'],
  ['a row of keys, and digits', 'asdfghjkl123456'],
  ['the name of the product', 'Arcadium-2026-11'],
])('%s is common: %j', async (_what, password) => {
  expect(await policy.refusalOf(password, ada)).toEqual({ reason: 'common' });
});

test.each([
  ['ada.lovelace@analytical-engine.example'],
  ['Ada.Lovelace 1815!'],
  ['AUGUSTA ADA KING'],
  ['augusta-ada-king-1815'],
  ['kingadaaugusta12'],
  ['analyticalengine'],
  ['lovelacelovelace'],
])('%j is personal', async (password) => {
  expect(await policy.refusalOf(password, ada)).toEqual({ reason: 'personal' });
});

test('length is counted in characters, as typed and after normalising', async () => {
  const tooShort = { reason: 'too-short', least: 15 };
  expect(await policy.refusalOf('fourteen chars', ada)).toEqual(tooShort);
  // Seven emoji of two UTF-16 units each; a letter and its accent count as one character.
  expect(await policy.refusalOf('🐎🔋📎🐘🦊🐝🌊', ada)).toEqual(tooShort);
  expect(await policy.refusalOf('cafe\u0301 cafe\u0301 moul', ada)).toEqual(tooShort);
  // NFKC turns this single character into eighteen letters.
  expect(await policy.refusalOf('\ufdfaabcdefg', ada)).toEqual(tooShort);
  expect(await policy.refusalOf('caf\u00e9 caf\u00e9 moulu', ada)).toBeUndefined();
});

test('the least length is the operator’s to choose', async () => {
  const lenient = createPasswordPolicy({ leastCharacters: 8 });
  expect(await lenient.refusalOf('xk7mq2p', ada)).toEqual({ reason: 'too-short', least: 8 });
  expect(await lenient.refusalOf('xk7mq2pw', ada)).toBeUndefined();
  expect(await lenient.refusalOf('sunshine', ada)).toEqual({ reason: 'common' });
});

test('a name of a letter or two is in many passwords', async () => {
  const bo = { email: 'b@x.io', name: 'B O' };
  expect(await policy.refusalOf('a boring book of b', bo)).toBeUndefined();
});
