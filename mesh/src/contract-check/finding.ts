import { rules, type RuleId } from './rules/index.ts';
import { verdictOf, type Direction, type Verdict } from './severity.ts';

/** One edit between two versions of a contract. */
export type Finding = Verdict &
  Readonly<{
    rule: RuleId;
    direction: Direction;
    /** Of the service, as in its contract. */
    service: string;
    /** Path of the procedure; null for the service as a whole. */
    procedure: string | null;
    /** Within the procedure, such as `input.limit` or `errors.SLUG_TAKEN.data`; empty for the procedure itself. */
    place: string;
    /** What was changed, with the old and the new value if they are short. */
    message: string;
    remedy: string;
  }>;

/** The two values that an edit is about; `undefined` where there is none. */
export type Values = Readonly<{ old?: unknown; next?: unknown }>;

/** Takes the edits that a comparison finds. */
export type Report = (rule: RuleId, place: string, values?: Values) => void;

/** Makes a finding; its severity follows from the direction, and the effect of the rule. */
export function findingOf(
  rule: RuleId,
  where: Pick<Finding, 'direction' | 'service' | 'procedure' | 'place'>,
  values: Values = {},
): Finding {
  const { effect, what, remedy } = rules[rule];
  const side = where.direction === 'call' || where.direction === 'input' ? 'request' : 'answer';
  return {
    rule,
    ...verdictOf(where.direction, effect),
    ...where,
    message: `${what}${change(values)}`,
    remedy: typeof remedy === 'string' ? remedy : remedy[side],
  };
}

/** Longest value in a message, in characters. */
const longest = 80;

function change({ old, next }: Values): string {
  const [before, after] = [old, next].map((value) => (value === undefined ? undefined : short(value)));
  if (before !== undefined && after !== undefined) return ` (${before} → ${after})`;
  const one = before ?? after;
  return one === undefined ? '' : ` (${one})`;
}

function short(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > longest ? `${text.slice(0, longest - 1)}…` : text;
}
