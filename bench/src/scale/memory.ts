import { headline } from '../compare/plan.ts';
import { startPair } from '../process/pair.ts';
import type { StackName } from '../stacks/index.ts';

/** The server's memory after a number of calls. */
export interface MemorySample {
  readonly calls: number;
  /** Resident, in MiB. */
  readonly serverMib: number;
}

/**
 * Measures the server's memory before a large number of calls, and after each tenth of them.
 *
 * @param calls Number of calls.
 */
export async function measureMemory(
  stack: StackName,
  calls: number,
  say: (line: string) => void,
): Promise<MemorySample[]> {
  await using pair = await startPair(stack);
  const samples: MemorySample[] = [];
  const look = async (after: number) => {
    const { rss } = await pair.server.ask('usage');
    samples.push({ calls: after, serverMib: rss / 2 ** 20 });
    say(`${stack}: ${Math.round(rss / 2 ** 20)} MiB after ${after.toLocaleString('en')} calls`);
  };
  await look(0);
  const part = Math.ceil(calls / 10);
  for (let done = part; done <= calls; done += part) {
    await pair.warmUp({ ...headline, until: { calls: part } });
    await look(done);
  }
  return samples;
}
