import { loadCommonPasswords, type CommonPasswords } from './common-passwords.ts';

/** The owner of a password. */
export interface Person {
  email: string;
  name: string;
}

/** Why a password is not allowed; `least` in characters. */
export type PasswordRefusal = { reason: 'too-short'; least: number } | { reason: 'common' | 'personal' };

/**
 * Which passwords are allowed, after NIST 800-63B-4 §3.1.1.2: a minimum length and a list of bad ones,
 * without composition rules. The contract has the maximum length; the store checks former passwords.
 */
export interface PasswordPolicy {
  refusalOf(password: string, person: Person): Promise<PasswordRefusal | undefined>;
}

/** How many letters and digits a password must have besides the owner's name and address. */
const leastOwnCharacters = 8;

/** Shorter parts of a name or address may occur in a password by chance. */
const shortestPiece = 3;

/** Repeating a shorter text does not make it better. */
const shortestUnit = 8;

/** Rows of keys, and the alphabet; each may continue from its end to its start. */
const rows = [
  'abcdefghijklmnopqrstuvwxyz',
  '1234567890',
  'qwertyuiopasdfghjklzxcvbnm',
  'qwertzuiopasdfghjklyxcvbnm',
  'azertyuiopqsdfghjklmwxcvbn',
  '1234567890qwertyuiopasdfghjklzxcvbnm',
].flatMap((row) => [row, row.split('').toReversed().join('')]);

/** @param settings.leastCharacters Minimum length in code points, both as typed and after NFKC. */
export function createPasswordPolicy({ leastCharacters }: { leastCharacters: number }): PasswordPolicy {
  return {
    async refusalOf(password, person) {
      const text = fold(password);
      if (charactersOf(password) < leastCharacters) {
        return { reason: 'too-short', least: leastCharacters };
      }
      if (isPersonal(text, person)) return { reason: 'personal' };
      return isCommon(text, await loadCommonPasswords()) ? { reason: 'common' } : undefined;
    },
  };
}

/**
 * As typed or after NFKC, whichever is less: NFKC turns one U+FDFA into eighteen letters, and a letter with
 * its accent into one.
 */
function charactersOf(password: string): number {
  return Math.min(...[password, password.normalize('NFKC')].map((text) => Array.from(text).length));
}

/** The form in which passwords are compared, independent of case and Unicode form. */
function fold(text: string): string {
  return text.normalize('NFKC').toLowerCase();
}

/** Without separators between words. */
function joined(text: string): string {
  return text.replaceAll(/[^\p{L}\p{N}]/gu, '');
}

/**
 * Whether it is a common password, a repetition of one, or a row of keys: as it is, without separators, or
 * without digits before and after.
 */
function isCommon(text: string, common: CommonPasswords): boolean {
  const plain = joined(text);
  const core = plain.replaceAll(/^\p{N}+|\p{N}+$/gu, '');
  return [text, plain, core].some((form) => {
    const unit = repeatedUnit(form);
    if (unit !== form && unit.length < shortestUnit) return true;
    return common.has(unit) || isRow(form);
  });
}

/**
 * The shortest text of which this is a repetition, where the last one may be cut off; otherwise the text
 * itself.
 */
function repeatedUnit(text: string): string {
  for (let length = 1; length <= text.length / 2; length += 1) {
    if (text.slice(length) === text.slice(0, -length)) return text.slice(0, length);
  }
  return text;
}

function isRow(text: string): boolean {
  if (text.length < shortestPiece) return false;
  return rows.some((row) => row.repeat(Math.ceil(text.length / row.length) + 1).includes(text));
}

/** Whether little is left without the name and address of the owner, and parts of them. */
function isPersonal(text: string, { email, name }: Person): boolean {
  const [local = '', domain = ''] = fold(email).split('@');
  const parts = [email, local, domain, name].map((part) => joined(fold(part)));
  const pieces = `${local} ${domain} ${fold(name)}`.split(/[^\p{L}\p{N}]+/u);
  const known = [...parts, ...pieces].filter(({ length }) => length >= shortestPiece);
  // Longest first, so that a part is not removed from the whole that contains it.
  const plain = joined(text);
  const left = known
    .toSorted((a, b) => b.length - a.length)
    .reduce((rest, part) => rest.replaceAll(part, ' '), plain);
  return left !== plain && joined(left).length < leastOwnCharacters;
}
