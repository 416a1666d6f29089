/** Calls that come at a rate of their own, whether or not the ones before have been answered. */
export interface OpenLoop {
  readonly perSecond: number;
  /** How many in all. @default until `stopped` says so */
  readonly calls?: number;
  /** Looked at before each call. @default never */
  readonly stopped?: () => boolean;
  /** Makes one. @param n From 0. */
  readonly call: (n: number) => Promise<unknown>;
}

/** What came of them. */
export interface LoadOutcome {
  readonly calls: number;
  /** How long those took that succeeded, in milliseconds. */
  readonly latencies: readonly number[];
  /** What the others failed with, and when they were made, in milliseconds since the first. */
  readonly failures: readonly string[];
}

/** Makes them, and waits for the last of them. */
export async function openLoop({
  perSecond,
  calls = Infinity,
  stopped = () => false,
  call,
}: OpenLoop): Promise<LoadOutcome> {
  const latencies: number[] = [];
  const failures: string[] = [];
  const underWay: Promise<void>[] = [];
  const startedAt = performance.now();
  const make = async (n: number): Promise<void> => {
    const madeAt = performance.now();
    try {
      await call(n);
      latencies.push(performance.now() - madeAt);
    } catch (error) {
      failures.push(`${n} at ${Math.round(madeAt - startedAt)} ms: ${String(error)}`);
    }
  };
  while (underWay.length < calls && !stopped()) {
    const due = startedAt + (underWay.length * 1000) / perSecond;
    const waitMs = due - performance.now();
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
    else underWay.push(make(underWay.length));
  }
  await Promise.all(underWay);
  return { calls: underWay.length, latencies, failures };
}
