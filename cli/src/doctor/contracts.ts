import { compareAll, nameOf, type Finding } from '@arcadium/mesh/contract-check';
import type { ContractSnapshot } from '@arcadium/mesh/contract';
import { CannotCheck } from '../contract/check/cannot-check.ts';
import { readContracts } from '../contract/check/read-contracts.ts';
import { parseSnapshots } from '../contract/check/read-snapshots.ts';
import { readWaivers } from '../contract/check/read-waivers.ts';
import type { Check } from './check.ts';
import { Needs } from './needs.ts';
import type { Context } from './context.ts';
import { acceptedToken } from './keys.ts';
import { get, runningOf } from './running.ts';

/** The contracts of the checkout. @throws CannotCheck */
function readOwn(context: Context) {
  return context.once('contracts', () => readContracts(context.path('contracts')));
}

/** The contracts of the checkout. @throws Needs */
function ownContracts(context: Context) {
  return readOwn(context).catch((error: unknown) => {
    if (error instanceof CannotCheck) throw new Needs('contracts.unreadable');
    throw error;
  });
}

/** What a running service answers at /api/contract: as anyone, or with its own token. @throws Needs */
function answerOf(context: Context, service: string) {
  return context.once(`contract ${service}`, async () => {
    const [{ url }] = await runningOf(context, service);
    const target = new URL('/api/contract', url);
    const open = await get(context, target);
    if (open.status !== 401) return open;
    const token = await acceptedToken(context, service);
    return get(context, target, { authorization: `Service-Token ${token}` });
  });
}

/** The contract that a running service has. @throws Needs */
async function runningContract(context: Context, service: string): Promise<readonly ContractSnapshot[]> {
  const { status, body } = await answerOf(context, service);
  if (status !== 200) throw new Needs('contracts.hidden');
  return parseSnapshots(body, service);
}

/** How a running contract differs from the checkout's. @throws Needs */
function differences(context: Context, service: string): Promise<readonly Finding[]> {
  return context.once(`differences ${service}`, async () => {
    const [old, { snapshots }] = await Promise.all([
      runningContract(context, service),
      ownContracts(context),
    ]);
    const next = snapshots.filter(({ name }) => name === service);
    if (next.length === 0) throw new Needs('contracts.missing');
    return compareAll(old, next, { whole: false });
  });
}

/** The first sentences of a list. */
function some(sentences: readonly string[]): string[] {
  const left = sentences.length - 3;
  return left > 1 ? [...sentences.slice(0, 3), `and ${left} more`] : [...sentences];
}

export const contracts: readonly Check[] = [
  {
    id: 'contracts.unreadable',
    severity: 'error',
    title: 'The contracts of this checkout can be read',
    remedy: 'Correct the file; `npm run check` shows more.',
    look: (context) =>
      readOwn(context).then(
        () => undefined,
        (error: Error) => error.message,
      ),
  },
  {
    id: 'contracts.missing',
    severity: 'error',
    title: 'Each service has a contract',
    remedy: 'Export it from a file that contracts/package.json exports.',
    subjects: ({ services }) => services,
    look: async (context, service) =>
      (await ownContracts(context)).files.has(service)
        ? undefined
        : 'contracts/ has no contract of this name',
  },
  {
    id: 'contracts.breaking',
    severity: 'error',
    title: 'Running services understand this checkout',
    remedy:
      'Deploy the service, or keep what its callers use (`npm run mesh -- contract check --against <url>`).',
    subjects: ({ services }) => services,
    look: async (context, service) => {
      const found = await differences(context, service);
      return some(
        found
          .filter(({ severity }) => severity === 'breaking')
          .map((one) => `${nameOf(one)} ${one.place}`.trim() + `: ${one.message}`),
      );
    },
  },
  {
    id: 'contracts.differ',
    severity: 'hint',
    title: 'Running services have the contracts of this checkout',
    remedy: 'Restart or deploy the service, or use the checkout of its version.',
    subjects: ({ services }) => services,
    look: async (context, service) => {
      const found = await differences(context, service);
      if (found.some(({ severity }) => severity === 'breaking')) throw new Needs('contracts.breaking');
      return found.length === 0 ? undefined : `${found.length} edits lie between the two; none breaks`;
    },
  },
  {
    id: 'contracts.hidden',
    severity: 'hint',
    title: 'Services tell their contract to services',
    remedy: 'Set CONTRACT_ACCESS=token: callers and tools compare contracts before they call.',
    subjects: ({ services }) => services,
    look: async (context, service) => {
      const { status } = await answerOf(context, service);
      return status === 200 ? undefined : `/api/contract answers with HTTP status ${status}`;
    },
  },
  {
    id: 'contracts.waiver',
    severity: 'warning',
    title: 'No waiver of a contract check is over',
    remedy: 'Undo the edit, renew the waiver, or remove it.',
    look: (context) => {
      const today = new Date(context.now()).toISOString().slice(0, 10);
      const waivers = readWaivers(context.path('contracts', 'waivers.json'));
      // Whether one covers an edit depends on what it is compared with; here, only its date counts.
      return waivers
        .filter(({ until }) => until < today)
        .map(({ rule, procedure, until }) => `the waiver of ${rule} for ${procedure} ended on ${until}`);
    },
  },
];
