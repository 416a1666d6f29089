import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { compareContracts, rules, type Finding } from './index.ts';
import {
  contractEditsOf,
  contractModels,
  contractOf,
  snapshotOf,
  type ContractModel,
} from './testing/contract-model.ts';
import { callAcross } from './testing/old-and-new.ts';

// Generated edits of generated contracts. CONTRACT_CHECK_RUNS is how many contracts each seed makes; CONTRACT_CHECK_SEED
// repeats a run.

const runs = Number(process.env['CONTRACT_CHECK_RUNS'] ?? 2);
const chosen = process.env['CONTRACT_CHECK_SEED'];
const random = Math.trunc(Math.random() * 2 ** 31);
const seeds = chosen === undefined ? [20_261_130, random] : [Number(chosen)];

/** Pairs that call one another, for each seed. */
const mostPairs = 5 * runs;

type Pair = Readonly<{ old: ContractModel; next: ContractModel; findings: readonly Finding[] }>;

function compared(old: ContractModel, next: ContractModel): Pair {
  const findings = compareContracts({ old: snapshotOf(contractOf(old)), next: snapshotOf(contractOf(next)) });
  return { old, next, findings };
}

/** Every edit of generated contracts. */
function pairsOf(seed: number): Pair[] {
  const contracts = fc.sample(contractModels, { seed, numRuns: runs });
  return contracts.flatMap((old) => contractEditsOf(old).map((next) => compared(old, next)));
}

/** Some pairs: first one for each set of rules, then a second one, and so on. */
function some(pairs: readonly Pair[], most: number): Pair[] {
  const groups = Map.groupBy(pairs, ({ findings }) =>
    findings.map(({ rule, direction }) => `${rule} ${direction}`).join(),
  );
  const ranked = [...groups.values()].flatMap((group) => group.map((pair, rank) => ({ pair, rank })));
  return ranked
    .toSorted((a, b) => a.rank - b.rank)
    .slice(0, most)
    .map(({ pair }) => pair);
}

const isSafe = ({ findings }: Pair) => findings.every(({ severity }) => severity === 'safe');
const isServerFirst = ({ findings }: Pair) =>
  findings.every(({ severity, serverFirst }) => severity === 'safe' || serverFirst);

for (const seed of seeds) {
  const pairs = pairsOf(seed);

  test(`every edit falls under a rule (seed ${seed})`, () => {
    const uncovered = pairs.filter(({ findings }) => findings.length === 0);
    const hit = new Set(pairs.flatMap(({ findings }) => findings.map(({ rule }) => rule)));
    process.stdout.write(
      `contract check: seed ${seed}, ${pairs.length} edits, ${uncovered.length} uncovered, ${hit.size} of ${Object.keys(rules).length} rules hit\n`,
    );
    expect(uncovered.map(({ old, next }) => JSON.stringify({ old, next }))).toEqual([]);
    expect(pairs.length).toBeGreaterThan(20 * runs);
    expect(hit.size).toBeGreaterThan(15);
  });

  test(`what is safe works, old with new and new with old (seed ${seed})`, async () => {
    const safe = some(pairs.filter(isSafe), mostPairs);
    // Two safe edits after one another as well.
    const twice = safe
      .slice(0, 3)
      .flatMap(({ old, next }) => contractEditsOf(next).map((last) => compared(old, last)))
      .filter(isSafe);
    const serverFirst = pairs.filter((pair) => !isSafe(pair) && isServerFirst(pair));
    const tried = [...safe, ...some(twice, mostPairs / 2)];
    let made = 0;
    const problems: unknown[] = [];
    const call = async (client: ContractModel, server: ContractModel, { old, next, findings }: Pair) => {
      const outcome = await callAcross(client, server, seed);
      made += outcome.made;
      if (outcome.problems.length === 0) return;
      problems.push({
        problems: outcome.problems,
        rules: findings.map(({ rule, place }) => `${rule} ${place}`),
        old,
        next,
      });
    };
    for (const pair of tried) {
      await call(pair.old, pair.next, pair);
      await call(pair.next, pair.old, pair);
    }
    const first = some(serverFirst, mostPairs);
    for (const pair of first) await call(pair.old, pair.next, pair);
    process.stdout.write(
      `contract check: seed ${seed}, ${tried.length} safe pairs both ways, ${first.length} server-first pairs, ${made} calls, ${problems.length} false\n`,
    );
    expect(problems.map((problem) => JSON.stringify(problem))).toEqual([]);
    expect(tried.length).toBeGreaterThan(runs);
  });
}
