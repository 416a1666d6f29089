/** Where a rule applies: the call itself (who may make it, how often, how long), what is sent, or what is answered. */
export type Direction = 'call' | 'input' | 'output' | 'error';

/**
 * What an edit does to the set of calls or values that are possible.
 *
 * - `none`: nothing that a reader of either version would refuse
 * - `narrowed`: some are no longer possible
 * - `widened`: some are newly possible
 * - `extended`: one more of a list that is expected to grow, such as an enum
 * - `replaced`: narrowed and widened
 * - `lowered`: a limit is reached earlier
 * - `either`: cannot be decided from the contract alone
 */
export type Effect = 'none' | 'narrowed' | 'widened' | 'extended' | 'replaced' | 'lowered' | 'either';

/**
 * - `breaking`: a deployed client or server of the last release fails
 * - `risky`: may fail
 * - `safe`: old and new work together, both ways
 */
export type Severity = 'breaking' | 'risky' | 'safe';

/** A severity, and whether the edit is without risk if every server is deployed before the first client. */
export type Verdict = Readonly<{ severity: Severity; serverFirst: boolean }>;

const breaking = { severity: 'breaking', serverFirst: false } as const;
const risky = { severity: 'risky', serverFirst: false } as const;
const serverFirst = { severity: 'risky', serverFirst: true } as const;
const safe = { severity: 'safe', serverFirst: false } as const;

/** Old clients meet a narrowed request at a new server, and a widened answer of one. */
const verdicts: Readonly<Record<'request' | 'answer', Readonly<Record<Effect, Verdict>>>> = {
  request: {
    none: safe,
    narrowed: breaking,
    widened: serverFirst,
    extended: serverFirst,
    replaced: breaking,
    lowered: risky,
    either: risky,
  },
  answer: {
    none: safe,
    narrowed: serverFirst,
    widened: breaking,
    extended: risky,
    replaced: breaking,
    lowered: risky,
    either: risky,
  },
};

/**
 * The severity of an edit, from its direction and effect alone.
 *
 * @example
 * const { severity } = verdictOf('input', 'narrowed'); // what was accepted is refused now
 */
export function verdictOf(direction: Direction, effect: Effect): Verdict {
  return verdicts[direction === 'call' || direction === 'input' ? 'request' : 'answer'][effect];
}
