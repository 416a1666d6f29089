import { existsSync, readFileSync, statfsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { stateDirOf } from '@arcadium/mesh/config';
import { z } from 'zod';
import { findLeftOver } from '../dev/claim.ts';
import type { Check } from './check.ts';
import type { Context } from './context.ts';
import { users } from './databases.ts';

/** Least free space where services write, in bytes. */
const leastFreeBytes = 200_000_000;

/** Least files that a process may have open: a connection is one, and a thousand callers have one each. */
const leastOpenFiles = 1024;

const manifest = z.looseObject({ devDependencies: z.looseObject({ node: z.string() }) });
const lockFile = z.looseObject({
  packages: z.record(
    z.string(),
    z.looseObject({
      version: z.string().optional(),
      link: z.boolean().optional(),
      optional: z.boolean().optional(),
    }),
  ),
});

/** Folders that the mesh of a checkout writes to. */
function writtenFolders(context: Context): readonly string[] {
  const state = context.services.map((service) =>
    stateDirOf(
      { STATE_DIR: context.settings(service)['STATE_DIR'] } as Parameters<typeof stateDirOf>[0],
      context.path('services', service, 'src'),
    ),
  );
  return [...new Set([context.path('.data'), ...state])];
}

export const machine: readonly Check[] = [
  {
    id: 'machine.node-version',
    severity: 'error',
    title: 'Node is not older than the one that the project brings',
    remedy: 'Run commands through npm, which brings its own Node: `npm run dev`, `npm run mesh -- …`.',
    look: (context) => {
      const { node } = manifest.parse(context.json('package.json')).devDependencies;
      const [own = 0, wanted = 0] = [process.versions.node, node].map((one) => Number.parseInt(one, 10));
      return own < wanted ? `This is Node ${process.versions.node}, the project needs ${node}` : undefined;
    },
  },
  {
    id: 'machine.packages',
    severity: 'error',
    title: 'Packages are installed as in package-lock.json',
    remedy: 'Run `npm install`.',
    look: (context) => {
      if (!existsSync(context.path('node_modules/.package-lock.json'))) return 'Packages are not installed';
      const [wanted, installed] = ['package-lock.json', 'node_modules/.package-lock.json'].map(
        (path) => lockFile.parse(context.json(path)).packages,
      );
      const other = Object.entries(wanted ?? {}).filter(([path, { version, link, optional }]) => {
        const here = installed?.[path]?.version;
        const isPackage = path.includes('node_modules/') && link !== true;
        return isPackage && here !== version && !(optional && here === undefined);
      });
      const names = other.slice(0, 3).map(([path]) => path.replace(/^.*node_modules\//, ''));
      return other.length === 0
        ? undefined
        : `${other.length} packages are missing or have another version: ${names.join(', ')}${other.length > 3 ? ', …' : ''}`;
    },
  },
  {
    id: 'machine.generated-clients',
    severity: 'error',
    title: 'Database clients are generated',
    remedy: 'Run `npm run generate`; `npm run dev` does it too.',
    subjects: users,
    look: (context, service) =>
      existsSync(context.path('prisma', service, 'schema.prisma')) &&
      !existsSync(context.path('prisma', service, 'generated'))
        ? `prisma/${service}/generated does not exist`
        : undefined,
  },
  {
    id: 'machine.disk-space',
    severity: 'error',
    title: 'There is room on the disks that the mesh writes to',
    remedy: 'Free some space, or move STATE_DIR to another disk.',
    subjects: writtenFolders,
    look: (_context, folder) => {
      const { bavail, bsize } = statfsSync(existingOf(folder));
      const free = bavail * bsize;
      return free < leastFreeBytes ? `${Math.round(free / 1e6)} MB are free in ${folder}` : undefined;
    },
  },
  {
    id: 'machine.writable-folder',
    severity: 'error',
    title: 'Folders that the mesh writes to are folders',
    remedy: 'Move the file away, or set STATE_DIR to another folder.',
    subjects: writtenFolders,
    look: (context, folder) => {
      const existing = existingOf(folder);
      return context.stat(existing)?.isDirectory() ? undefined : `${existing} is not a folder`;
    },
  },
  {
    id: 'machine.open-files',
    severity: 'warning',
    title: 'A process may open enough files',
    remedy: 'Raise the limit: `ulimit -n 65536`, or LimitNOFILE of the unit.',
    look: () => {
      const limits = '/proc/self/limits';
      if (!existsSync(limits)) return undefined;
      const [, soft] = /^Max open files\s+(\d+)/m.exec(readFileSync(limits, 'utf8')) ?? [];
      return soft !== undefined && Number(soft) < leastOpenFiles
        ? `A process may open ${soft} files; each connection is one`
        : undefined;
    },
  },
  {
    id: 'machine.left-over',
    severity: 'warning',
    title: 'No process is left over from a run that was killed',
    remedy: 'Start `npm run dev`, which stops it, or end the process yourself.',
    look: (context) =>
      findLeftOver(context.checkout.root).map(
        ({ name, pid }) => `${name} (process ${pid}) is left over from a run that was killed`,
      ),
  },
];

/** The folder itself or, before it is created, the nearest that exists. */
function existingOf(folder: string): string {
  return existsSync(folder) ? folder : existingOf(join(dirname(folder)));
}
