import { setTimeout as delay } from 'node:timers/promises';
import { request } from 'undici';
import { z } from 'zod';
import { drawTable } from './table.ts';
import { toService } from './tls.ts';

const report = z.object({
  status: z.string(),
  database: z.string(),
  dependencies: z.record(z.string(), z.string()),
});

/**
 * Health of one endpoint of a service as seen from outside: a status word, or `down` if it does not answer.
 */
export type Seen = Readonly<{ name: string; url: string; status: string }>;

/** Checks the health of every endpoint of every service; never throws. */
export function lookAtAll(urls: ReadonlyMap<string, readonly string[]>): Promise<Seen[]> {
  const all = [...urls].flatMap(([name, endpoints]) => endpoints.map((url) => look(name, url)));
  return Promise.all(all);
}

async function look(name: string, url: string): Promise<Seen> {
  try {
    const answer = await request(new URL('/health', url), {
      signal: AbortSignal.timeout(2000),
      ...toService(),
    });
    const { status } = report.parse(await answer.body.json());
    return { name, url, status };
  } catch {
    return { name, url, status: 'down' };
  }
}

/**
 * Waits until all are healthy.
 *
 * @param patienceMs Longest wait, in milliseconds.
 * @returns Their last known health.
 */
export async function waitUntilHealthy(
  urls: ReadonlyMap<string, readonly string[]>,
  patienceMs: number,
  signal?: AbortSignal,
): Promise<{ healthy: boolean; services: Seen[] }> {
  const deadline = performance.now() + patienceMs;
  for (;;) {
    const services = await lookAtAll(urls);
    const healthy = services.every(({ status }) => status === 'healthy');
    if (healthy || performance.now() >= deadline || signal?.aborted) return { healthy, services };
    await delay(250);
  }
}

/** Formats services as a text table, one line for each endpoint. */
export function table(services: readonly Seen[]): string {
  const rows = [
    ['service', 'URL', 'health'],
    ...services.map(({ name, url, status }) => [name, url, status]),
  ];
  return drawTable(rows);
}
