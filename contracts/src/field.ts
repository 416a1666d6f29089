import { z } from 'zod';

/** Id of a stored object: a UUID version 7, so that ids sort by creation time. */
export const id = z.uuid();

/** A time, ISO 8601 in UTC, such as `2026-01-31T12:00:00.000Z`. */
export const time = z.iso.datetime();

/** One line of text: trimmed, not empty, without control characters. */
export function line(longest: number) {
  return z
    .string()
    .trim()
    .min(1)
    .max(longest)
    .regex(/^\P{Cc}*$/u, 'must not contain control characters');
}

/**
 * A name or title in any script: one line with at least one visible character. Direction marks (Unicode's
 * Bidi_Control) are refused: they change how the text next to a name is displayed, and one name can look like
 * another (Unicode Technical Standard 39 and Technical Report 36, 3.1). Joiners, which some scripts need, are
 * allowed.
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

/** Visible characters. U+2800 is Braille without dots, and some Hangul letters are fillers. */
const visible = /(?![\p{DI}\u2800])[\p{L}\p{N}\p{P}\p{S}]/u;

/**
 * Converts line endings to LF: CRLF, as HTML forms send it, and CR are line endings too (CommonMark 0.31,
 * 2.1).
 */
export function withLineFeeds(value: string): string {
  return value.replace(/\r\n?/g, '\n');
}

/** Text of several lines, each ending with LF: not blank, and without NUL, which PostgreSQL cannot store. */
export function text(longest: number) {
  return z
    .string()
    .overwrite(withLineFeeds)
    .max(longest)
    .refine((value) => value.trim() !== '', 'must not be blank')
    .refine((value) => !value.includes('\0'), 'must not contain NUL');
}

/** A key chosen by the sender. Repeating a request with the same key has no further effect. */
export const idempotencyKey = z.string().regex(/^[\w:.-]{1,128}$/, 'up to 128 of A–Z a–z 0–9 _ : . -');
