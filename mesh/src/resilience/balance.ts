/** An endpoint that a call may go to. */
export interface Candidate {
  /** What a call more costs there, in any unit: the less the better. */
  readonly cost: number;
  /** Whether it looks healthy. */
  readonly usable: boolean;
}

export interface PickOptions<Endpoint> {
  /** Where this call has been: not again. @default nowhere */
  tried?: readonly Endpoint[];
  /** Chance, 0 to 1. @default Math.random */
  random?: () => number;
}

/** Of so many candidates all are looked at; of more, as many as it takes. */
const fewCandidates = 8;
/** How often one is drawn among many before they are all looked at. */
const draws = 8;
const nowhere: readonly never[] = [];
const byDefault: PickOptions<never> = {};

/**
 * Chooses where a call goes: of two random candidates the cheaper one, which
 * spreads calls nearly as evenly as to look at them all, and does not send
 * everybody to the same one. When none looks healthy, all are tried: it may be
 * what looks at them that is ill. Allocates nothing; the cost of many
 * candidates is that of a few, as long as most of them are usable.
 *
 * @returns `undefined` if there is none, or all were tried.
 * @see https://www.eecs.harvard.edu/~michaelm/postscripts/handbook2001.pdf
 */
export function pick<Endpoint extends Candidate>(
  candidates: readonly Endpoint[],
  { tried = nowhere, random = Math.random }: PickOptions<Endpoint> = byDefault,
): Endpoint | undefined {
  if (candidates.length > fewCandidates) {
    const first = draw(candidates, { tried, random });
    const second = first && draw(candidates, { tried, random, but: first });
    if (first && second) return cheaper(first, second, random);
  }
  return (
    pickOfAll(candidates, { tried, random, onlyUsable: true }) ??
    pickOfAll(candidates, { tried, random, onlyUsable: false })
  );
}

type Drawing<Endpoint> = Required<PickOptions<Endpoint>> & { but?: Endpoint };

/** A random one among the usable that were not tried; `undefined` if luck had it that none was met. */
function draw<Endpoint extends Candidate>(
  candidates: readonly Endpoint[],
  { tried, random, but }: Drawing<Endpoint>,
): Endpoint | undefined {
  for (let drawn = 0; drawn < draws; drawn++) {
    const candidate = candidates[Math.floor(random() * candidates.length)];
    if (candidate && candidate !== but && candidate.usable && !tried.includes(candidate)) return candidate;
  }
  return undefined;
}

type Choosing<Endpoint> = Required<PickOptions<Endpoint>> & { onlyUsable: boolean };

/**
 * Looks at each candidate once, as it may change between two looks, and keeps
 * a random two of those seen so far (Vitter's algorithm R).
 */
function pickOfAll<Endpoint extends Candidate>(
  candidates: readonly Endpoint[],
  { tried, random, onlyUsable }: Choosing<Endpoint>,
): Endpoint | undefined {
  let first: Endpoint | undefined;
  let second: Endpoint | undefined;
  let seen = 0;
  for (const candidate of candidates) {
    if ((onlyUsable && !candidate.usable) || tried.includes(candidate)) continue;
    const place = seen < 2 ? seen : Math.floor(random() * (seen + 1));
    if (place === 0) first = candidate;
    else if (place === 1) second = candidate;
    seen++;
  }
  return first && second ? cheaper(first, second, random) : first;
}

/** Chance decides between equals, or the first in the list would get all that a quiet client sends. */
function cheaper<Endpoint extends Candidate>(a: Endpoint, b: Endpoint, random: () => number): Endpoint {
  const costOfA = a.cost;
  const costOfB = b.cost;
  if (costOfA < costOfB) return a;
  if (costOfB < costOfA) return b;
  return random() < 0.5 ? a : b;
}
