/** Which calls a process has answered since it was started, and how many of each, by procedure, caller and code. */
export type CountedCalls = readonly (readonly [path: string, count: number])[];

/** Reads them from a service's own metrics. @param url Where the service itself is, not a proxy before it. */
export async function countedCalls(url: string): Promise<CountedCalls> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const lines = text.matchAll(/^mesh_server_call_seconds_count\{procedure="([^"]+)".*\} (\d+)$/gm);
  return Array.from(lines, ([, path = '', count]) => [path, Number(count)] as const);
}

/**
 * How many calls of each procedure a service has answered, by its own metrics,
 * read until two readings agree: what its callers gave up may still run.
 *
 * @param url Where the service itself is, not a proxy before it.
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

/** Adds up what is counted under the same name. */
export function sumOf(counts: Iterable<readonly [path: string, count: number]>): Map<string, number> {
  const sums = new Map<string, number>();
  for (const [path, count] of counts) sums.set(path, (sums.get(path) ?? 0) + count);
  return sums;
}
