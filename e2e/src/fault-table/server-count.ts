/** The calls a process has answered since its start, by procedure, caller and code. */
export type CountedCalls = readonly (readonly [path: string, count: number])[];

/** Reads them from a service's metrics. @param url The service itself, not a proxy in front of it. */
export async function countedCalls(url: string): Promise<CountedCalls> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const lines = text.matchAll(/^mesh_server_call_seconds_count\{procedure="([^"]+)".*\} (\d+)$/gm);
  return Array.from(lines, ([, path = '', count]) => [path, Number(count)] as const);
}

/**
 * The number of calls of each procedure that a service has answered, read until two readings agree, because
 * calls that their callers gave up may still run.
 *
 * @param url The service itself, not a proxy in front of it.
 */
export async function answeredCalls(url: string): Promise<ReadonlyMap<string, number>> {
  for (let last = ''; ;) {
    const counted = await countedCalls(url);
    const reading = JSON.stringify(counted);
    if (reading === last) return sumOf(counted);
    last = reading;
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
}

/** Adds up the counts of each name. */
export function sumOf(counts: Iterable<readonly [path: string, count: number]>): Map<string, number> {
  const sums = new Map<string, number>();
  for (const [path, count] of counts) sums.set(path, (sums.get(path) ?? 0) + count);
  return sums;
}
