import type { Sample } from '../process/pair.ts';
import type { StackName } from '../stacks/index.ts';
import type { Measurement } from './compare.ts';
import type { Scenario } from './plan.ts';

/** A stack relative to the row that it is compared with. */
export interface Ratio {
  /** Calls per second relative to that row; less than 1 is slower. */
  readonly speed: number;
  /** CPU time of a call on both ends relative to that row; more than 1 costs more. */
  readonly cost: number;
}

/** A row of the table: medians over the rounds. */
export interface Row {
  readonly stack: StackName;
  readonly scenario: Scenario;
  readonly median: Sample;
  /** By the name of the row that it is compared with. */
  readonly ratios: Readonly<Partial<Record<StackName, Ratio>>>;
}

/**
 * Summarises the measurements of one scenario. Ratios are taken within each round, between neighbours in
 * time, and then their median over the rounds: so noise that affected both cancels out.
 *
 * @param references The rows to compare with.
 */
export function summarise(
  measurements: readonly Measurement[],
  scenario: Scenario,
  references: readonly StackName[],
): Row[] {
  const here = measurements.filter((one) => one.scenario === scenario);
  return [...Map.groupBy(here, ({ stack }) => stack)].map(([stack, own]) => ({
    stack,
    scenario,
    median: medianSample(own.map(({ sample }) => sample)),
    ratios: Object.fromEntries(
      references.map((reference) => [
        reference,
        ratioOf(
          own,
          here.filter((one) => one.stack === reference),
        ),
      ]),
    ),
  }));
}

function ratioOf(own: readonly Measurement[], reference: readonly Measurement[]): Ratio {
  const pairs = own.flatMap(({ round, sample }) => {
    const other = reference.find((one) => one.round === round);
    return other ? [{ sample, other: other.sample }] : [];
  });
  return {
    speed: median(pairs.map(({ sample, other }) => sample.callsPerSecond / other.callsPerSecond)),
    cost: median(pairs.map(({ sample, other }) => costOf(sample) / costOf(other))),
  };
}

/** CPU microseconds of a call, both ends together. */
export function costOf({ serverUs, clientUs }: Sample): number {
  return serverUs + clientUs;
}

function medianSample(samples: readonly Sample[]): Sample {
  const of = (field: keyof Sample) => median(samples.map((sample) => sample[field]));
  return {
    callsPerSecond: of('callsPerSecond'),
    p50: of('p50'),
    p95: of('p95'),
    p99: of('p99'),
    serverUs: of('serverUs'),
    clientUs: of('clientUs'),
  };
}

/** NaN for an empty list. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}
