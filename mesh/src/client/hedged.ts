import { timeouts, type Hedge } from '../resilience/index.ts';
import type { Attempt } from './attempt.ts';
import type { Clock } from './clock.ts';

interface Hedging {
  readonly hedge: Hedge;
  readonly clock: Clock;
  /** Creates the second attempt; `undefined` if there is no endpoint for it. */
  readonly another: () => Attempt | undefined;
  /** Called when the second attempt is made, and when its answer comes first. */
  readonly decide: (decision: 'hedge' | 'hedge-won', attempt: Attempt) => void;
}

/**
 * Runs an attempt, and a second one if the first is late and the budget allows it. The first answer counts; it fails
 * only if both fail.
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
          // The other attempt may still succeed.
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
