import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, renameSync, rmSync, symlinkSync, readlinkSync } from 'node:fs';
import { randomBytes, randomUUID } from 'node:crypto';
import { publicPart, readTokenFacts, type PublicJwk } from '@arcadium/mesh/identity';
import {
  generateSigningKey,
  importSigningKey,
  issueServiceToken,
  type PrivateJwk,
} from '@arcadium/mesh/issuer';
import { parseEnv } from 'node:util';
import { readFileSync } from 'node:fs';
import { birthOf } from '../../dev/birth.ts';
import type { Faults } from './fault.ts';
import type { HealthyMesh } from './healthy-mesh.ts';

const dayMs = 86_400_000;

/** The key that auth signs with. */
function keyOf(mesh: HealthyMesh): PrivateJwk {
  const { keys } = JSON.parse(mesh.settings('auth')['SIGNING_KEYS'] ?? '') as { keys: [PrivateJwk] };
  return keys[0];
}

/** A token of the wiki. */
async function tokenBy(key: PrivateJwk, { name = 'wiki', at = new Date() } = {}): Promise<string> {
  return (await issueServiceToken(await importSigningKey(key), { id: randomUUID(), name }, at)).token;
}

async function ofWiki(mesh: HealthyMesh, ...[key, options]: Parameters<typeof tokenBy>): Promise<void> {
  mesh.setOf('wiki', { SERVICE_TOKEN: await tokenBy(key, options) });
}

/** Revokes a token as the administrator. */
async function revoke(mesh: HealthyMesh, tokenId: string): Promise<void> {
  const { ADMIN_EMAIL: email, ADMIN_PASSWORD: password } = mesh.settings('auth');
  const call = async (path: string, input: object, headers: Record<string, string> = {}) => {
    const answer = await fetch(`${mesh.url('auth')}/trpc/${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(input),
    });
    if (!answer.ok) throw new Error(await answer.text());
    return (await answer.json()) as { result: { data: { accessToken: string } } };
  };
  const { result } = await call('sessions.login', { email, password });
  await call('serviceTokens.revoke', { tokenId }, { authorization: `Bearer ${result.data.accessToken}` });
}

/** Mounts a small file system, if this machine allows it. */
function mountSmall(path: string): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', path], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

export const machineFaults: Faults = {
  'machine.node-version': {
    plant: (mesh) =>
      mesh.edit('package.json', (text) => text.replace(/"node": "24[\d.]*"/, '"node": "99.0.0"')),
  },
  'machine.packages': {
    plant: (mesh) =>
      mesh.edit('package-lock.json', (text) =>
        text.replace(/("node_modules\/zod": \{\s*"version": ")[^"]*/, '$19.9.9'),
      ),
  },
  'machine.generated-clients': {
    plant: (mesh) => {
      const path = mesh.path('prisma/wiki/generated');
      const target = readlinkSync(path);
      rmSync(path);
      mesh.undo(() => symlinkSync(target, path));
    },
  },
  'machine.disk-space': {
    possible: () => process.getuid?.() === 0 && process.platform === 'linux',
    plant: (mesh) => {
      const folder = mesh.path('.data/small');
      mkdirSync(folder);
      mesh.undo(() => rmSync(folder, { recursive: true }));
      if (!mountSmall(folder)) throw new Error('A small file system cannot be mounted');
      mesh.undo(() => execFileSync('umount', [folder]));
      mesh.setOf('wiki', { STATE_DIR: folder });
      mesh.chmod('.data/small', 0o700);
    },
  },
  'machine.writable-folder': {
    plant: (mesh) => mesh.setOf('wiki', { STATE_DIR: mesh.write('not-a-folder', '') }),
  },
  'machine.left-over': {
    plant: async (mesh) => {
      const gone = spawn(process.execPath, ['--version'], { stdio: 'ignore' });
      await new Promise((resolve) => gone.once('exit', resolve));
      const left = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
      mesh.undo(() => left.kill('SIGKILL'));
      const record = {
        pid: gone.pid,
        since: new Date().toISOString(),
        urls: [],
        processes: [{ name: 'wiki', pid: left.pid, born: birthOf(left.pid ?? 0) }],
      };
      mesh.edit('.data/dev.json', () => JSON.stringify(record));
    },
  },
};

export const environmentFaults: Faults = {
  'environment.not-set-up': {
    plant: (mesh) => {
      const path = mesh.path('services/notification/.env');
      renameSync(path, `${path}.away`);
      mesh.undo(() => renameSync(`${path}.away`, path));
    },
  },
  'environment.invalid-setting': { plant: (mesh) => mesh.setOf('wiki', { LOG_LEVEL: 'loud' }) },
  'environment.config-file': {
    also: ['environment.address', 'contracts.missing'],
    plant: (mesh) => {
      mesh.undo(() => rmSync(mesh.path('services/broken'), { recursive: true }));
      mesh.edit('services/broken/package.json', () => '{"name":"@arcadium/broken","version":"0.1.0"}');
      mesh.edit('services/broken/src/config.ts', () => `throw new Error('it is broken');\n`);
    },
  },
  'environment.misspelt-setting': { plant: (mesh) => mesh.setOf('wiki', { LOG_LEVL: 'info' }) },
  'environment.address': { plant: (mesh) => mesh.setOf('wiki', { PORT: '1' }) },
  'environment.repeated-setting': {
    plant: (mesh) => mesh.edit('services/wiki/.env', (text) => `${text}RETRY_ATTEMPTS=3\nRETRY_ATTEMPTS=2\n`),
  },
  'environment.overridden-setting': {
    plant: (mesh) => {
      mesh.setOf('wiki', { RETRY_ATTEMPTS: '2' });
      return { environment: { RETRY_ATTEMPTS: '3' } };
    },
  },
  'environment.access-audit': { plant: (mesh) => mesh.setOf('wiki', { ACCESS_MODE: 'audit' }) },
  'environment.open-beyond-machine': {
    plant: (mesh) => mesh.setOf('wiki', { HOST: '0.0.0.0', CONTRACT_ACCESS: 'open' }),
  },
  'environment.open-receiver': { plant: (mesh) => mesh.setOf('dashboard', { OTLP_HOST: '0.0.0.0' }) },
  'environment.no-rate-limits': { plant: (mesh) => mesh.setOf('auth', { RATE_LIMIT_CALLS: '0' }) },
};

export const secretsFaults: Faults = {
  'secrets.env-file-mode': { plant: (mesh) => mesh.chmod('services/wiki/.env', 0o644) },
  'secrets.file-mode': {
    plant: (mesh) => {
      const { ENCRYPTION_KEY = '' } = mesh.settings('auth');
      const file = mesh.write('encryption-key', ENCRYPTION_KEY, 0o644);
      mesh.setOf('auth', { ENCRYPTION_KEY: undefined, ENCRYPTION_KEY_FILE: file });
    },
  },
  'secrets.committed': {
    plant: (mesh) => {
      const git = (...words: string[]) => execFileSync('git', ['-C', mesh.root, ...words], { stdio: 'pipe' });
      git('add', '--force', 'services/wiki/.env');
      mesh.undo(() => git('rm', '--cached', '--force', '--quiet', 'services/wiki/.env'));
    },
  },
  'secrets.not-ignored': { plant: (mesh) => mesh.edit('.gitignore', () => 'node_modules/\n') },
  'secrets.shared': {
    plant: (mesh) => mesh.set('.env', { ENCRYPTION_KEY: randomBytes(32).toString('base64url') }),
  },
  'secrets.backup-identity': { plant: (mesh) => mesh.set('.env', { BACKUP_IDENTITY: 'AGE-SECRET-KEY-1' }) },
  'secrets.state-dir-mode': {
    plant: (mesh) => {
      const folder = mesh.path('.data/open');
      mkdirSync(folder);
      mesh.undo(() => rmSync(folder, { recursive: true }));
      mesh.setOf('wiki', { STATE_DIR: folder });
      mesh.chmod('.data/open', 0o777);
    },
  },
};

export const keysFaults: Faults = {
  'keys.unpublished-key': {
    plant: async (mesh) =>
      mesh.setOf('auth', { SIGNING_KEYS: JSON.stringify({ keys: [await generateSigningKey()] }) }),
  },
  'keys.expired-token': {
    plant: (mesh) => ofWiki(mesh, keyOf(mesh), { at: new Date(Date.now() - 91 * dayMs) }),
  },
  'keys.ending-token': {
    plant: (mesh) => ofWiki(mesh, keyOf(mesh), { at: new Date(Date.now() - 87 * dayMs) }),
  },
  'keys.foreign-token': { plant: async (mesh) => ofWiki(mesh, await generateSigningKey()) },
  'keys.token-of-another': { plant: (mesh) => ofWiki(mesh, keyOf(mesh), { name: 'notification' }) },
  'keys.withdrawn-key': {
    plant: async (mesh) => {
      const key = await generateSigningKey();
      const { PUBLIC_KEYS = '' } = parseEnv(readFileSync(mesh.path('.env'), 'utf8'));
      const { keys } = JSON.parse(PUBLIC_KEYS) as { keys: PublicJwk[] };
      mesh.set('.env', { PUBLIC_KEYS: JSON.stringify({ keys: [...keys, publicPart(key)] }) });
      await ofWiki(mesh, key);
    },
  },
  'keys.revoked-token': {
    plant: async (mesh) => {
      await ofWiki(mesh, keyOf(mesh));
      await revoke(mesh, readTokenFacts(mesh.settings('wiki')['SERVICE_TOKEN'] ?? '')?.tokenId ?? '');
    },
  },
};

export const clocksFaults: Faults = {
  'clocks.service': {
    plant: async (mesh) => {
      await mesh.standIn('wiki', {
        '/readyz': (body) => ({
          ...body,
          timestamp: new Date(Date.parse(String(body['timestamp'])) + 3_600_000).toISOString(),
        }),
      });
    },
  },
  'clocks.database': {
    // The clock of this machine is the wrong one, which every comparison shows.
    also: ['clocks.service'],
    plant: () => ({ now: () => Date.now() + 3_600_000 }),
  },
  'clocks.token-from-future': {
    plant: (mesh) => ofWiki(mesh, keyOf(mesh), { at: new Date(Date.now() + 3_600_000) }),
  },
};
