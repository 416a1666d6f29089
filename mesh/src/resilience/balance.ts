/** An endpoint that a call may go to. */
export interface Candidate {
  /** Cost of one more call, in any unit; lower is better. */
  readonly cost: number;
  /** Whether it looks healthy. */
  readonly usable: boolean;
}

export interface PickOptions<Endpoint> {
  /** Endpoints to leave out. @default none */
  tried?: readonly Endpoint[];
  /** Random number from 0 to 1. @default Math.random */
  random?: () => number;
}

/**
 * Chooses the cheaper of two random usable endpoints. This spreads calls nearly as evenly as comparing all of them,
 * and clients do not all choose the same one. If no endpoint is usable, chooses among all: the health checks may be
 * wrong.
 *
 * @returns `undefined` if no candidate is left.
 * @see https://www.eecs.harvard.edu/~michaelm/postscripts/handbook2001.pdf
 */
export function pick<Endpoint extends Candidate>(
  candidates: readonly Endpoint[],
  { tried, random = Math.random }: PickOptions<Endpoint> = {},
): Endpoint | undefined {
  const left = tried ? candidates.filter((candidate) => !tried.includes(candidate)) : candidates;
  const usable = left.filter((candidate) => candidate.usable);
  const from = usable.length > 0 ? usable : left;
  const { length } = from;
  if (length < 2) return from[0];
  const first = Math.floor(random() * length);
  const second = (first + 1 + Math.floor(random() * (length - 1))) % length;
  return cheaper(from[first] as Endpoint, from[second] as Endpoint, random);
}

/** Chooses equals at random; otherwise a quiet client would send everything to the first. */
function cheaper<Endpoint extends Candidate>(a: Endpoint, b: Endpoint, random: () => number): Endpoint {
  const costOfA = a.cost;
  const costOfB = b.cost;
  if (costOfA < costOfB) return a;
  if (costOfB < costOfA) return b;
  return random() < 0.5 ? a : b;
}
