/** One way to load a stack. */
export interface Scenario {
  readonly inFlight: number;
  /** Length of the message's body, in bytes. */
  readonly bodyBytes: number;
}

/** How much is measured, and for how long. */
export interface Plan {
  readonly scenarios: readonly Scenario[];
  /** How many times every stack gets its turn at every scenario. */
  readonly rounds: number;
  /** Before the first round, in milliseconds, for each stack: V8 compiles what is called often. */
  readonly firstWarmUpMs: number;
  /** Before every measurement, in milliseconds. */
  readonly warmUpMs: number;
  /** One measurement, in milliseconds. */
  readonly measureMs: number;
}

/** The scenario that the plot shows, and that the README's claims are about. */
export const headline: Scenario = { inFlight: 64, bodyBytes: 150 };

/** About five minutes with twelve stacks. */
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

/** Less than a minute, also where others work; code is not yet all compiled then, and the slower a row the less. */
export const quickPlan: Plan = {
  scenarios: [headline, { inFlight: 1, bodyBytes: 150 }, { inFlight: 64, bodyBytes: 10_000 }],
  rounds: 3,
  firstWarmUpMs: 500,
  warmUpMs: 30,
  measureMs: 150,
};

/** One scenario, for long enough that a profile shows warm code. */
export const profilePlan: Plan = {
  scenarios: [headline],
  rounds: 3,
  firstWarmUpMs: 3000,
  warmUpMs: 100,
  measureMs: 2000,
};

/** As `64 in flight, 150 B`. */
export function titleOf({ inFlight, bodyBytes }: Scenario): string {
  return `${inFlight} in flight, ${sizeOf(bodyBytes)}`;
}

function sizeOf(bytes: number): string {
  if (bytes >= 1_000_000) return `${bytes / 1_000_000} MB`;
  return bytes >= 1000 ? `${bytes / 1000} KB` : `${bytes} B`;
}
