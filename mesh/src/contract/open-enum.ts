import { z } from 'zod';

/** One of the known values, or a text that a newer service has added. */
export type OpenEnum<Known extends string> = Known | (string & Record<never, never>);

/**
 * The schema of an answer that may get more values: a newer service may send a text that this client does not know, and
 * the answer is still read. The type makes callers write the case for it. For `z.enum`, an unknown value fails the
 * call. Adding a value is a safe edit of the contract.
 *
 * Not for inputs: there, an unknown value is a mistake of the caller.
 *
 * @example
 * const state = openEnum(['active', 'closed']);
 * switch (state.parse('paused')) {
 *   case 'active':
 *   case 'closed':
 *     break;
 *   default: // a state that this client does not know yet
 * }
 */
export function openEnum<const Known extends string>(
  values: readonly Known[],
): z.ZodType<OpenEnum<Known>, OpenEnum<Known>> {
  return z.string().meta({ examples: [...values], 'x-open': true });
}
