/** A kind of load. */
export interface Scenario {
  readonly inFlight: number;
  /** Length of the message's body, in bytes. */
  readonly bodyBytes: number;
}

/** The extent of a run. */
export interface Plan {
  readonly scenarios: readonly Scenario[];
  /** Number of measurements of each stack in each scenario. */
  readonly rounds: number;
  /** Warm-up of each stack before the first round, in milliseconds, so that V8 compiles its code. */
  readonly firstWarmUpMs: number;
  /** Warm-up before every measurement, in milliseconds. */
  readonly warmUpMs: number;
  /** Duration of one measurement, in milliseconds. */
  readonly measureMs: number;
}

/** The scenario in the plot and in the README. */
export const headline: Scenario = { inFlight: 64, bodyBytes: 150 };

/** About six minutes with fifteen stacks. */
export const fullPlan: Plan = {
  scenarios: [
    headline,
    { inFlight: 1, bodyBytes: 150 },
    { inFlight: 512, bodyBytes: 150 },
    { inFlight: 64, bodyBytes: 10_000 },
    { inFlight: 8, bodyBytes: 1_000_000 },
  ],
  rounds: 5,
  firstWarmUpMs: 1000,
  warmUpMs: 150,
  measureMs: 700,
};

/** About a minute, even on a busy machine; slow rows are not fully compiled then. */
export const quickPlan: Plan = {
  scenarios: [headline, { inFlight: 1, bodyBytes: 150 }, { inFlight: 64, bodyBytes: 10_000 }],
  rounds: 3,
  firstWarmUpMs: 500,
  warmUpMs: 30,
  measureMs: 150,
};

/** One scenario, long enough for a profile of warm code. */
export const profilePlan: Plan = {
  scenarios: [headline],
  rounds: 3,
  firstWarmUpMs: 3000,
  warmUpMs: 100,
  measureMs: 2000,
};

/** Such as `64 in flight, 150 B`. */
export function titleOf({ inFlight, bodyBytes }: Scenario): string {
  return `${inFlight} in flight, ${sizeOf(bodyBytes)}`;
}

function sizeOf(bytes: number): string {
  if (bytes >= 1_000_000) return `${bytes / 1_000_000} MB`;
  return bytes >= 1000 ? `${bytes / 1000} KB` : `${bytes} B`;
}
