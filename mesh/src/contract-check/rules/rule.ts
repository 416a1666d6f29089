import type { Effect } from '../severity.ts';

/** A rule: one kind of edit that a contract can have. Its severity follows from its effect and where it applies. */
export type Rule = Readonly<{
  effect: Effect;
  /** What was changed, as a clause: `a required property was added`. */
  what: string;
  /** What to do instead, or what to look at. By side, if it differs: for what clients send, and for what they get. */
  remedy: string | Readonly<{ request: string; answer: string }>;
}>;
