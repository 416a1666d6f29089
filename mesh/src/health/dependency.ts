import { request } from 'undici';
import { shared, timed, type Probe } from './probe.ts';

/**
 * A probe of another service: asks its `/readyz`, which answers for that
 * process alone, so that two services that need each other never ask in a
 * circle.
 *
 * @param url Where the service is, as `http://localhost:8000`.
 */
export function probeService(url: string): Probe {
  const target = new URL('/readyz', url).href;
  return shared(
    timed(async (signal) => {
      const answer = await request(target, { signal });
      await answer.body.dump();
      if (answer.statusCode !== 200) throw new Error(`${target} answered ${answer.statusCode}`);
    }),
  );
}
