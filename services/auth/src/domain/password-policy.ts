import { loadCommonPasswords, type CommonPasswords } from './common-passwords.ts';

/** Whose password it is to be. */
export interface Person {
  email: string;
  name: string;
}

/** Why a password cannot be chosen; `least` in characters. */
export type PasswordRefusal = { reason: 'too-short'; least: number } | { reason: 'common' | 'personal' };

/**
 * Which passwords may be chosen, after NIST 800-63B-4 §3.1.1.2: a length and
 * a list of bad ones, and no rules of composition. The longest is the
 * contract's business; whether it was his before is the store's.
 */
export interface PasswordPolicy {
  refusalOf(password: string, person: Person): Promise<PasswordRefusal | undefined>;
}

/** What must be left of a password besides the owner's name and address, in letters and digits. */
const leastOfHisOwn = 8;

/** Pieces of a name or an address that are shorter may be in a password by chance. */
const shortestPiece = 3;

/** Repeated text shorter than this is as bad as if it stood alone. */
const shortestUnit = 8;

/** Rows that fingers walk along, and the alphabet; each may begin anew at its end. */
const rows = [
  'abcdefghijklmnopqrstuvwxyz',
  '1234567890',
  'qwertyuiopasdfghjklzxcvbnm',
  'qwertzuiopasdfghjklyxcvbnm',
  'azertyuiopqsdfghjklmwxcvbn',
  '1234567890qwertyuiopasdfghjklzxcvbnm',
].flatMap((row) => [row, row.split('').toReversed().join('')]);

/** @param settings.leastCharacters The shortest that may be chosen, in code points, as typed and after NFKC. */
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

/** As typed or after NFKC, whichever is less: this makes eighteen of one U+FDFA, and that one of a letter and its accent. */
function charactersOf(password: string): number {
  return Math.min(...[password, password.normalize('NFKC')].map((text) => Array.from(text).length));
}

/** How passwords are compared: however they were typed, and in whatever case. */
function fold(text: string): string {
  return text.normalize('NFKC').toLowerCase();
}

/** Without what people put between words. */
function joined(text: string): string {
  return text.replaceAll(/[^\p{L}\p{N}]/gu, '');
}

/**
 * As it stands, without its separators, or without the digits before and
 * after: one of the list, one repeated, or a row of keys.
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

/** The shortest text that this is a repetition of, the last time maybe not to its end; the whole, if it is none. */
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

/** Whether little is left of it without the name and the address of its owner, and their parts. */
function isPersonal(text: string, { email, name }: Person): boolean {
  const [local = '', domain = ''] = fold(email).split('@');
  const parts = [email, local, domain, name].map((part) => joined(fold(part)));
  const pieces = `${local} ${domain} ${fold(name)}`.split(/[^\p{L}\p{N}]+/u);
  const known = [...parts, ...pieces].filter(({ length }) => length >= shortestPiece);
  // The longest first: a piece must not be cut out of the whole that it is part of.
  const plain = joined(text);
  const left = known
    .toSorted((a, b) => b.length - a.length)
    .reduce((rest, part) => rest.replaceAll(part, ' '), plain);
  return left !== plain && joined(left).length < leastOfHisOwn;
}
