/** Calls at a fixed rate, whether or not earlier ones were answered. */
export interface OpenLoop {
  readonly perSecond: number;
  /** Number of calls. @default until `stopped` returns true */
  readonly calls?: number;
  /** Checked before each call. @default never */
  readonly stopped?: () => boolean;
  /** Makes a call. @param n From 0. */
  readonly call: (n: number) => Promise<unknown>;
}

/** The result. */
export interface LoadOutcome {
  readonly calls: number;
  /** Latencies of successful calls, in milliseconds. */
  readonly latencies: readonly number[];
  /** Errors of the others, with their start in milliseconds since the first call. */
  readonly failures: readonly string[];
}

/** Makes the calls, and waits for all of them. */
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
