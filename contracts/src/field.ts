import { z } from 'zod';

/** The id of anything stored: a UUID, version 7, so that ids sort by time of creation. */
export const id = z.uuid();

/** A moment, ISO 8601 in UTC, as `2026-01-31T12:00:00.000Z`. */
export const time = z.iso.datetime();

/** A line that a person typed: trimmed, not empty, and free of control characters. */
export function line(longest: number) {
  return z
    .string()
    .trim()
    .min(1)
    .max(longest)
    .regex(/^\P{Cc}*$/u, 'must not contain control characters');
}

/**
 * What is shown as the name of something, or as its title, in any script: a line with something to see in it. Marks of
 * direction (Unicode's Bidi_Control) are refused: they change how what stands beside a name is read, and one name looks
 * like another (Unicode Technical Standard 39 and Technical Report 36, 3.1). Joiners, which some scripts need, are not.
 */
export function label(longest: number) {
  return z
    .string()
    .trim()
    .min(1, { abort: true })
    .max(longest)
    .regex(
      /^[^\p{Cc}\p{Zl}\p{Zp}\p{Bidi_C}]*$/u,
      'must not contain control characters, line breaks or direction marks',
    )
    .refine((value) => visible.test(value), 'must contain a letter, a digit or another visible character');
}

/** What has a shape: U+2800 is Braille without dots, and some letters of Hangul only fill a place. */
const visible = /(?![\p{DI}\u2800])[\p{L}\p{N}\p{P}\p{S}]/u;

/** A text whose lines end with LF: CRLF, as HTML forms send it, and CR are line endings too (CommonMark 0.31, 2.1). */
export function withLineFeeds(value: string): string {
  return value.replace(/\r\n?/g, '\n');
}

/** A text of several lines, each of which ends with LF: not blank, and without the NUL that PostgreSQL cannot store. */
export function text(longest: number) {
  return z
    .string()
    .overwrite(withLineFeeds)
    .max(longest)
    .refine((value) => value.trim() !== '', 'must not be blank')
    .refine((value) => !value.includes('\0'), 'must not contain NUL');
}

/** A name that the sender of a request chooses, so that sending it again does nothing more. */
export const idempotencyKey = z.string().regex(/^[\w:.-]{1,128}$/, 'up to 128 of A–Z a–z 0–9 _ : . -');
