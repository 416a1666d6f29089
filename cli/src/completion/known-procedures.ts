import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { describeService } from '../call/described-service.ts';
import { logIn } from '../call/log-in.ts';
import { inCheckout, root, serviceUrls } from '../workspace.ts';

/** A procedure, for completion. */
type Known = Readonly<{ path: string; summary: string }>;

/** How long an answer is used, in milliseconds. */
const freshMs = 60_000;
/** Longest wait for a service, in milliseconds: someone waits at the keyboard. */
const patienceMs = 3000;

/**
 * The procedures of a service: as it told within the last minute, as it tells now, or else those of the contracts here. Never
 * asks for a password.
 */
export async function knownProcedures(service: string): Promise<readonly Known[]> {
  const urls = serviceUrls().get(service);
  const file = cacheFile(`${service} ${urls?.join(',')}`);
  const cached = readCache(file);
  if (cached) return cached;
  const found = urls && (await askedFor(service));
  if (!found) return fromContracts(service);
  writeCache(file, found);
  return found;
}

async function askedFor(service: string): Promise<readonly Known[] | undefined> {
  const { promise: late, resolve } = Promise.withResolvers<undefined>();
  setTimeout(resolve, patienceMs, undefined).unref();
  const asked = describeService(service, () => logIn(new Command())).then(
    ({ procedures }) => procedures.map(({ path, summary }) => ({ path, summary })),
    () => undefined,
  );
  return Promise.race([asked, late]);
}

async function fromContracts(service: string): Promise<readonly Known[]> {
  if (!inCheckout) return [];
  const [{ importContracts }, { describeProcedures, entriesOf }] = await Promise.all([
    import('../contract/check/read-contracts.ts'),
    import('@arcadium/mesh/contract'),
  ]);
  const contracts = await importContracts(join(root, 'contracts'));
  const found = contracts.get(service);
  if (!found) return [];
  return describeProcedures(entriesOf(found.contract)).map(({ path, summary }) => ({ path, summary }));
}

function cacheFile(key: string): string {
  // eslint-disable-next-line node/no-process-env -- where the system says that caches are
  const folder = process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache');
  return join(
    folder,
    'arcadium',
    `procedures-${createHash('sha256').update(key).digest('hex').slice(0, 16)}.json`,
  );
}

function readCache(file: string): readonly Known[] | undefined {
  try {
    const { at, procedures } = JSON.parse(readFileSync(file, 'utf8')) as { at: number; procedures: Known[] };
    return Date.now() - at < freshMs ? procedures : undefined;
  } catch {
    return undefined;
  }
}

function writeCache(file: string, procedures: readonly Known[]): void {
  try {
    mkdirSync(join(file, '..'), { recursive: true, mode: 0o700 });
    writeFileSync(file, JSON.stringify({ at: Date.now(), procedures }));
  } catch {
    // Without a place to write, the service is asked again.
  }
}
