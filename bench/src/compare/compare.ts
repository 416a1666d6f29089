import { startPair, type Pair, type Sample } from '../process/pair.ts';
import type { StackName } from '../stacks/index.ts';
import { headline, titleOf, type Plan, type Scenario } from './plan.ts';

/** One measurement, with its round. */
export interface Measurement {
  readonly stack: StackName;
  readonly scenario: Scenario;
  readonly round: number;
  readonly sample: Sample;
}

/** A stack that could not be measured completely, and why. */
export interface Failure {
  readonly stack: StackName;
  readonly reason: string;
}

export interface Comparison {
  readonly measurements: readonly Measurement[];
  readonly failures: readonly Failure[];
}

/**
 * Measures stacks in turns: in every round each stack once in each scenario, one directly after the other, so
 * that other load on the machine affects all of them. A stack that fails is left out of the rest; the others
 * continue.
 *
 * @param options.say Gets a progress line for each scenario of each round.
 */
export async function compare(
  stacks: readonly StackName[],
  plan: Plan,
  options: { say: (line: string) => void; profileDir?: string | undefined },
): Promise<Comparison> {
  const { say, profileDir } = options;
  const pairs = new Map<StackName, Pair>();
  await using _all = { [Symbol.asyncDispose]: () => endAll([...pairs.values()]) };
  const failures: Failure[] = [];
  const measurements: Measurement[] = [];

  const attempt = async <Result>(
    stack: StackName,
    work: () => Promise<Result>,
  ): Promise<Result | undefined> => {
    try {
      return await work();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      failures.push({ stack, reason });
      await pairs.get(stack)?.[Symbol.asyncDispose]();
      pairs.delete(stack);
      say(`${stack} failed, and is left out from here on: ${reason}`);
      return undefined;
    }
  };

  // All at once, because a start is mostly waiting. The rows keep their order.
  const starts = stacks.map(
    async (stack) => [stack, await attempt(stack, () => startPair(stack, { profileDir }))] as const,
  );
  for (const [stack, pair] of await Promise.all(starts)) {
    if (pair) pairs.set(stack, pair);
  }
  for (const [stack, pair] of pairs) {
    await attempt(stack, () => pair.warmUp({ ...headline, until: { ms: plan.firstWarmUpMs } }));
  }
  say(`started and warm: ${[...pairs.keys()].join(', ')}`);

  for (let round = 1; round <= plan.rounds; round += 1) {
    for (const scenario of plan.scenarios) {
      const rates: string[] = [];
      for (const [stack, pair] of inTurn([...pairs], round)) {
        const sample = await attempt(stack, async () => {
          await pair.warmUp({ ...scenario, until: { ms: plan.warmUpMs } });
          return pair.measure({ ...scenario, until: { ms: plan.measureMs } });
        });
        if (!sample) continue;
        measurements.push({ stack, scenario, round, sample });
        rates.push(`${stack} ${Math.round(sample.callsPerSecond).toLocaleString('en')}/s`);
      }
      say(`round ${round} of ${plan.rounds}, ${titleOf(scenario)}: ${rates.join(', ')}`);
    }
  }
  return { measurements, failures };
}

/** Each round starts with another stack, so that none always follows the slowest. */
function inTurn<Item>(items: readonly Item[], round: number): readonly Item[] {
  const first = round % Math.max(items.length, 1);
  return [...items.slice(first), ...items.slice(0, first)];
}

async function endAll(pairs: readonly Pair[]): Promise<void> {
  await Promise.all(pairs.map((pair) => pair[Symbol.asyncDispose]()));
}
