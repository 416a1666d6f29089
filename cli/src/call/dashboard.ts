import type { dashboardContract } from '@arcadium/contracts/dashboard';
import { header, userTokenScheme, type MeshClient } from '@arcadium/mesh/client';
import type { Command } from 'commander';
import { urlOf } from '../workspace.ts';
import { onceLoggedIn } from './log-in.ts';
import { reasonOf } from './reason.ts';
import { CallFailed, send } from './send.ts';

type Client = MeshClient<typeof dashboardContract, 'anyone'>;
type Queries = {
  'traces.list': Client['traces']['list']['query'];
  'traces.get': Client['traces']['get']['query'];
  'logs.list': Client['logs']['list']['query'];
};

/** Longest wait for an answer, in milliseconds. */
const timeoutMs = 10_000;

/** The traces and log lines that the dashboard holds, for its administrators. */
export class Dashboard {
  readonly #logIn: () => Promise<string>;

  constructor(command: Command) {
    this.#logIn = onceLoggedIn(command);
  }

  /** @throws CallFailed; Error with a message for the terminal, when the dashboard does not answer. */
  async ask<Path extends keyof Queries>(
    path: Path,
    input: Parameters<Queries[Path]>[0],
  ): Promise<Awaited<ReturnType<Queries[Path]>>> {
    const [url] = urlOf('dashboard');
    const headers = { [header.authorization]: `${userTokenScheme} ${await this.#logIn()}` };
    try {
      const answer = await send({ url, path, input, headers, signal: AbortSignal.timeout(timeoutMs) });
      return answer as Awaited<ReturnType<Queries[Path]>>;
    } catch (error) {
      if (error instanceof CallFailed) throw error;
      throw new Error(
        `The dashboard at ${url} does not answer: ${reasonOf(error)}. It alone holds traces and log lines, in memory: start it, or read what the services write to standard output; "mesh tap" and "mesh top" work without it`,
        { cause: error },
      );
    }
  }
}
