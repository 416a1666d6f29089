import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { parseEnv } from 'node:util';
import { stateDirOf } from '@arcadium/mesh/config';
import { readEnvExample } from '../setup/env-example.ts';
import { isOpenToOthers } from '../setup/env-file.ts';
import type { Check } from './check.ts';
import type { Context } from './context.ts';

const run = promisify(execFile);

const files = (context: Context) => context.envFiles;

function modeOf(mode: number): string {
  return `0${(mode & 0o777).toString(8)}`;
}

/** Runs git in the checkout; `undefined` if it is not a repository, or there is no git. */
async function git(context: Context, ...words: string[]): Promise<string | undefined> {
  try {
    return (await run('git', ['-C', context.checkout.root, ...words])).stdout;
  } catch {
    return undefined;
  }
}

/** Whether the checkout is the root of a repository. */
async function isRepository(context: Context): Promise<boolean> {
  return context.once('repository', async () => {
    const prefix = await git(context, 'rev-parse', '--show-prefix');
    return prefix !== undefined && prefix.trim() === '';
  });
}

/** Whether a command of git that lists paths lists a settings file: asked once for all of them. */
async function lists(context: Context, file: string, ...words: string[]): Promise<boolean> {
  const listed = await context.once(`git ${words[0]}`, () => git(context, ...words, '--', ...files(context)));
  return listed?.split('\n').includes(file) === true;
}

/** Paths of files with secrets of a service, from its settings. */
async function secretFiles(context: Context, service: string): Promise<string[]> {
  const fields = await context.fields(service);
  return Object.entries(context.settings(service)).flatMap(([name, path = '']) => {
    const setting = name.replace(/_FILE$/, '');
    return setting !== name && setting in fields && setting !== 'PUBLIC_KEYS' ? [path] : [];
  });
}

export const secrets: readonly Check[] = [
  {
    id: 'secrets.env-file-mode',
    severity: 'error',
    title: 'Only their owner can read settings files',
    remedy: 'Run `chmod 600` on the file, or `npm run setup`, which does it.',
    subjects: files,
    look: (context, file) => {
      const { mode = 0 } = context.stat(context.path(file)) ?? {};
      return isOpenToOthers(mode)
        ? `it has mode ${modeOf(mode)}: other users of this machine can read its secrets`
        : undefined;
    },
  },
  {
    id: 'secrets.file-mode',
    severity: 'warning',
    title: 'Only their owner can read files of secrets',
    remedy: 'Run `chmod 600` on the file; mounted secrets have a setting for their mode (defaultMode, mode).',
    subjects: (context) => context.services,
    look: async (context, service) =>
      (await secretFiles(context, service)).flatMap((path) => {
        const stat = context.stat(path);
        return stat && isOpenToOthers(stat.mode) ? [`${path} has mode ${modeOf(stat.mode)}`] : [];
      }),
  },
  {
    id: 'secrets.committed',
    severity: 'error',
    title: 'No settings file is in git',
    remedy:
      'Run `git rm --cached` on it, and replace every secret in it: it stays in the history of the repository.',
    subjects: files,
    look: async (context, file) => {
      if (!(await isRepository(context))) return undefined;
      return (await lists(context, file, 'ls-files')) ? 'git tracks it' : undefined;
    },
  },
  {
    id: 'secrets.not-ignored',
    severity: 'warning',
    title: 'Git ignores settings files',
    remedy: 'Add `.env` and `.env.*` to .gitignore.',
    subjects: files,
    look: async (context, file) => {
      if (!(await isRepository(context))) return undefined;
      // Without the index: what is tracked is another check.
      const ignored = await lists(context, file, 'check-ignore', '--no-index');
      return ignored ? undefined : '`git add .` would add it';
    },
  },
  {
    id: 'secrets.shared',
    severity: 'error',
    title: 'What belongs to one service is not in the settings of all',
    remedy: 'Move the line to the file of the service that it belongs to.',
    look: (context) => {
      if (!context.envFiles.includes(context.envFile)) return undefined;
      const owned = readEnvExample(context.checkout.root).filter(({ place }) =>
        place.startsWith('services/'),
      );
      const set = parseEnv(context.text(context.envFile));
      return owned
        .filter(({ name }) => set[name])
        .map(
          ({ name, place }) =>
            `${name} is in ${context.envFile}, so every service gets it; its place is ${place}`,
        );
    },
  },
  {
    id: 'secrets.backup-identity',
    severity: 'warning',
    title: 'The key that opens backups is elsewhere',
    remedy: 'Keep BACKUP_IDENTITY away from the machine that makes backups; set it only to restore.',
    subjects: files,
    look: (context, file) =>
      parseEnv(context.text(file))['BACKUP_IDENTITY'] ? 'BACKUP_IDENTITY is in it' : undefined,
  },
  {
    id: 'secrets.state-dir-mode',
    severity: 'warning',
    title: 'Only a service can write to the folder of its copies',
    remedy: 'Run `chmod go-w` on the folder: a changed copy of keys or revocations would be believed.',
    subjects: (context) => context.services,
    look: (context, service) => {
      const source = context.path('services', service, 'src');
      const { STATE_DIR } = context.settings(service);
      const folder = stateDirOf({ STATE_DIR } as Parameters<typeof stateDirOf>[0], source);
      const { mode = 0 } = context.stat(folder) ?? {};
      return (mode & 0o022) === 0 ? undefined : `${folder} has mode ${modeOf(mode)}`;
    },
  },
];
