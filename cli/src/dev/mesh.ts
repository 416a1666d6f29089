import { startDevDatabase } from '@arcadium/prisma/dev';
import { table } from '../health.ts';
import { serviceNames, serviceUrls, settingsOf } from '../workspace.ts';
import { arrive } from './arrival.ts';
import type { Claim } from './claim.ts';
import { followHealth } from './follow-health.ts';
import { Kept, type Program } from './kept.ts';
import type { PrintLine } from './lines.ts';
import { Page } from './page.ts';
import { serviceProgram } from './service-program.ts';
import { Sources } from './sources.ts';
import { watchSources } from './watch-sources.ts';

export interface MeshOptions {
  readonly root: string;
  readonly claim: Claim;
  readonly print: PrintLine;
  /** Stops everything in order, after calls in progress have finished. */
  readonly stop: AbortSignal;
  /** Stops everything at once. */
  readonly hurry: AbortSignal;
}

/**
 * Runs the mesh until the signal: starts the database, then the services, prints the table, restarts what
 * ends and reloads what changes.
 *
 * @throws Error if the database cannot be started.
 */
export async function runMesh(options: MeshOptions): Promise<void> {
  const { root, claim, print, stop, hurry } = options;
  const database = new Kept(databaseProgram(options), print);
  await database.start();
  const services = serviceNames(root).map(
    (name) => new Kept(serviceProgram(name, { root, print, hurry, running: claim }), print),
  );
  const page = new Page(root, print);
  try {
    if (stop.aborted) return;
    await Promise.all(services.map((service) => service.start()));
    page.start();
    const unwatch = await watchSources(root, new Sources(root, serviceNames(root)), {
      onChange: ({ services: names, file, count }) => {
        const more = count > 1 ? ` and ${count - 1} more` : '';
        const those = services.filter(({ name }) => names.includes(name));
        print(`${file}${more} changed: ${names.join(', ')} ${names.length > 1 ? 'start' : 'starts'} again`);
        for (const service of those) service.renew();
      },
      onError: print,
    });
    try {
      await showAndFollow(services, options);
    } finally {
      await unwatch();
    }
  } finally {
    // The others need auth for their last calls, and all send the dashboard the logs of their stop.
    const last = ['auth', 'dashboard'];
    const others = services.filter(({ name }) => !last.includes(name));
    await Promise.all([page.stop(), ...others.map((service) => service.stop())]);
    for (const name of last) await services.find((service) => service.name === name)?.stop();
    await database.stop();
  }
}

/** Prints the table, then follows health changes. */
async function showAndFollow(services: readonly Kept[], { print, stop }: MeshOptions): Promise<void> {
  const urls = serviceUrls();
  const arrival = await arrive(urls, services, stop);
  if (stop.aborted) return;
  print(`\n${table(arrival.services)}\n`);
  if (arrival.healthy) print(`${nextSteps(urls)}\n`);
  else print(`Not all of the mesh is healthy:\n${arrival.problems.map((line) => `  ${line}\n`).join('')}`);
  await followHealth(urls, arrival.seen, { say: print, signal: stop });
}

function databaseProgram({ root, claim, print }: MeshOptions): Program {
  const warn = (fields: object, message: string) => print(`database: ${message} ${JSON.stringify(fields)}`);
  const log = { info: () => {}, warn, error: warn };
  return {
    name: 'PostgreSQL',
    start: async () => {
      const { what, pid, ended, stop } = await startDevDatabase(root, log);
      print(what);
      if (pid !== undefined) claim.started('PostgreSQL', pid);
      return {
        ended: ended.then((how) => {
          if (pid !== undefined) claim.ended(pid);
          return { how: how.replace(/^ended by /, ''), cause: 'signal' as const };
        }),
        stop,
      };
    },
  };
}

function nextSteps(urls: ReadonlyMap<string, readonly string[]>): string {
  const [wiki = ''] = urls.get('wiki') ?? [];
  const [dashboard = ''] = urls.get('dashboard') ?? [];
  const { ADMIN_EMAIL = '' } = settingsOf('services/auth');
  return [
    `The mesh runs. Its dashboard: ${dashboard}`,
    'Try next, in another terminal:',
    '  npm run demo                          one story through all three services',
    `  curl ${wiki}/health`,
    `  curl '${wiki}/trpc/pages.list'`,
    `  log in as ${ADMIN_EMAIL}; the password is ADMIN_PASSWORD in services/auth/.env`,
    'Ctrl-C stops everything.',
  ].join('\n');
}
