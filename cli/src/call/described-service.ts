import type { ProcedureDescription } from '@arcadium/mesh/contract';
import { nearest, type Endpoints } from '@arcadium/mesh/config';
import { noSuch } from '../commands/choices.ts';
import { fetchOfService } from './service-fetch.ts';
import { program, serviceUrls, urlOf } from '../workspace.ts';
import { reasonOf } from './reason.ts';

/** A running service, as it describes itself. */
export interface DescribedService {
  readonly name: string;
  readonly url: string;
  readonly version: string;
  readonly procedures: readonly ProcedureDescription[];
}

/**
 * Asks a running service for its contract, as anyone first.
 *
 * @param logIn Gives an administrator's access token; only called if the service does not tell anyone.
 * @throws Error with a message for the terminal: no such service, none of its addresses answers, or it refuses.
 */
export async function describeService(
  service: string,
  logIn: () => Promise<string>,
): Promise<DescribedService> {
  const urls = urlOfNamed(service);
  const failures: string[] = [];
  for (const url of urls) {
    try {
      return await ask(service, url, logIn);
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      failures.push(`${url}: ${reasonOf(error)}`);
    }
  }
  throw new Error(
    `${service} does not answer at ${failures.join(', ')}. Is it running? Try "${program} status"`,
  );
}

/** The addresses of a service that was named on the command line. @throws Error that offers the nearest name. */
export function urlOfNamed(service: string): Endpoints {
  const known = [...serviceUrls().keys()];
  if (known.includes(service)) return urlOf(service);
  const near = nearest(service, known);
  throw noSuch('service', service, {
    choices: known,
    ...(near !== undefined && { advice: `Did you mean ${near}?` }),
  });
}

async function ask(service: string, url: string, logIn: () => Promise<string>): Promise<DescribedService> {
  const target = new URL('/api/contract', url);
  let answer = await fetchOfService(target);
  if (answer.status === 401 || answer.status === 403)
    answer = await fetchOfService(target, { headers: { authorization: `Bearer ${await logIn()}` } });
  if (!answer.ok) throw new Error(`${service} at ${url} does not tell its contract: HTTP ${answer.status}`);
  const { name, version, procedures } = (await answer.json()) as DescribedService;
  return { name, url, version, procedures };
}
