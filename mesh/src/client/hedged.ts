import { timeouts, type Hedge } from '../resilience/index.ts';
import type { Attempt } from './attempt.ts';
import type { Clock } from './clock.ts';

/** How a late attempt is made a second time. */
interface Hedging {
  readonly hedge: Hedge;
  readonly clock: Clock;
  /** Makes the second attempt. @returns `undefined` where there is no endpoint for it. */
  readonly another: () => Attempt | undefined;
  /** Is told of the second attempt: that it was made, and that its answer came first. */
  readonly decide: (decision: 'hedge' | 'hedge-won', attempt: Attempt) => void;
}

/**
 * Runs an attempt and, where it is later than most and the budget allows it, a
 * second one: the first answer counts, and fails only when both have failed.
 *
 * @throws CallError
 */
export function hedged(first: Attempt, { hedge, clock, another, decide }: Hedging): Promise<unknown> {
  const startedAt = clock.latest;
  hedge.onCall();
  return new Promise((resolve, reject) => {
    const running = new Set<Attempt>();
    const run = (attempt: Attempt): void => {
      running.add(attempt);
      attempt.run().then(
        (data) => {
          if (late) timeouts.stop(late);
          running.delete(attempt);
          for (const other of running) other.outrun();
          hedge.observe(clock.latest - startedAt);
          if (attempt !== first) decide('hedge-won', attempt);
          resolve(data);
        },
        (error: Error) => {
          running.delete(attempt);
          // The answer of the other one may still be good.
          if (running.size > 0) return;
          if (late) timeouts.stop(late);
          reject(error);
        },
      );
    };
    const onLate = (): void => {
      clock.read();
      const second = hedge.tryHedge() ? another() : undefined;
      if (!second) return;
      run(second);
      decide('hedge', second);
    };
    const delayMs = hedge.delayMs();
    const late = delayMs === undefined ? undefined : timeouts.start(delayMs, onLate);
    run(first);
  });
}
