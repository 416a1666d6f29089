import { existsSync } from 'node:fs';
import { z } from 'zod';
import type { Check } from './check.ts';
import type { Context } from './context.ts';
import { runningOf } from './running.ts';

const manifest = z.looseObject({
  name: z.string(),
  version: z.string(),
  dependencies: z.record(z.string(), z.string()).default({}),
});

function manifestOf(context: Context, folder: string) {
  return manifest.parse(context.json(`${folder}/package.json`));
}

/** Packages that services of a checkout share. */
const packages = ['contracts', 'mesh', 'postgres', 'prisma'];

export const versions: readonly Check[] = [
  {
    id: 'versions.other-than-checkout',
    severity: 'warning',
    title: 'Running services have the version of this checkout',
    remedy: 'Restart or deploy the service, or use the checkout of its version.',
    subjects: ({ services }) => services,
    look: async (context, service) => {
      const endpoints = await runningOf(context, service);
      const { version } = manifestOf(context, `services/${service}`);
      return endpoints.flatMap(({ url, report }) =>
        report.version === version ? [] : [`${url} is ${report.version}, this checkout is ${version}`],
      );
    },
  },
  {
    id: 'versions.replicas-differ',
    severity: 'warning',
    title: 'All replicas of a service have one version',
    remedy: 'Wait until the upgrade is over, or finish it.',
    subjects: ({ services }) => services,
    look: async (context, service) => {
      const endpoints = await runningOf(context, service);
      const all = new Set(endpoints.map(({ report }) => report.version));
      return all.size > 1
        ? endpoints.map(({ url, report }) => `${url} is ${report.version}`).join(', ')
        : undefined;
    },
  },
  {
    id: 'versions.workspace',
    severity: 'error',
    title: 'Services depend on the packages of this checkout',
    remedy: 'Make the version in package.json that of the package, and run `npm install`.',
    subjects: ({ services }) => services,
    look: (context, service) => {
      const { dependencies } = manifestOf(context, `services/${service}`);
      return packages
        .filter((folder) => existsSync(context.path(folder, 'package.json')))
        .flatMap((folder) => {
          const { name, version } = manifestOf(context, folder);
          const wanted = dependencies[name];
          return wanted === undefined || wanted === version
            ? []
            : [`it depends on ${name} ${wanted}, which is ${version} here`];
        });
    },
  },
];
