import { contractHash, type ContractSnapshot } from '@arcadium/mesh/contract';
import { compareContracts, type Finding } from '@arcadium/mesh/contract-check';
import { readRunning, type RunningProcess } from './read-running.ts';

/** What would be deployed, and where. */
export interface Deployment {
  readonly service: string;
  /** The contracts of this repository. */
  readonly contracts: readonly ContractSnapshot[];
  /** The services that the deployed one calls. */
  readonly calls: readonly string[];
  /** The addresses of the environment, by service. */
  readonly urls: ReadonlyMap<string, readonly string[]>;
  readonly logIn: () => Promise<string>;
}

/** A client and a server of which one would be new. */
export type Pair = Readonly<{ client: string; server: string; url: string; findings: readonly Finding[] }>;

export type Answer = Readonly<{
  service: string;
  pairs: readonly Pair[];
  /** What could not be compared, in sentences. */
  unknown: readonly string[];
}>;

/** 0: it can be deployed; 1: something would break; 2: nothing is known to break, and something could not be compared. */
export function exitCodeOf({ pairs, unknown }: Answer): 0 | 1 | 2 {
  if (pairs.some(({ findings }) => findings.length > 0)) return 1;
  return unknown.length > 0 ? 2 : 0;
}

/**
 * Compares what would be deployed with what is running, both ways: the clients that are there with the new contract of
 * the service, and the new clients of the service with the contracts that are there.
 */
export async function canIDeploy(deployment: Deployment): Promise<Answer> {
  const { service, contracts, calls, urls, logIn } = deployment;
  const unknown: string[] = [];
  const running = new Map<string, readonly RunningProcess[]>();
  for (const [name, addresses] of urls) {
    const read = await Promise.allSettled(addresses.map((url) => readRunning(url, logIn)));
    running.set(
      name,
      read.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : [])),
    );
    for (const one of read)
      if (one.status === 'rejected')
        unknown.push(one.reason instanceof Error ? one.reason.message : String(one.reason));
  }
  const next = contracts.find(({ name }) => name === service);
  if (!next) throw new TypeError(`There is no contract of ${service}`);

  const clients = compareClients({ service, contracts, next, running });
  const servers: Pair[] = [];
  for (const target of calls) {
    const ours = contracts.find(({ name }) => name === target);
    if (!ours) continue;
    if (!urls.has(target)) unknown.push(`The address of ${target} in this environment is not known`);
    for (const { url, contract } of running.get(target) ?? [])
      servers.push({
        client: service,
        server: target,
        url,
        findings: breaksOf({ client: ours, server: contract, caller: service }),
      });
  }
  return { service, pairs: [...clients.pairs, ...servers], unknown: [...unknown, ...clients.unknown] };
}

interface Compared {
  readonly service: string;
  readonly contracts: readonly ContractSnapshot[];
  readonly next: ContractSnapshot;
  readonly running: ReadonlyMap<string, readonly RunningProcess[]>;
}

/** The clients that run there, at the new contract. */
function compareClients({ service, contracts, next, running }: Compared): Pick<Answer, 'pairs' | 'unknown'> {
  const known = new Map(
    [...contracts, ...(running.get(service) ?? []).map(({ contract }) => contract)].map((one) => [
      contractHash(one),
      one,
    ]),
  );
  const found = new Map<string, { client: string; hash: string; url: string }>();
  const add = (client: string, hash: string | null, url: string): void => {
    if (hash !== null && client !== service && !found.has(`${client} ${hash}`))
      found.set(`${client} ${hash}`, { client, hash, url });
  };
  for (const [name, processes] of running)
    for (const { state, url } of processes)
      for (const { target, contract } of state.targets) if (target === service) add(name, contract, url);
  for (const { state, url } of running.get(service) ?? [])
    for (const { caller, contract } of state.server.clients) add(caller, contract, url);
  const unknown: string[] = [];
  const pairs = [...found.values()].flatMap(({ client, hash, url }): Pair[] => {
    const built = known.get(hash);
    if (built)
      return [
        { client, server: service, url, findings: breaksOf({ client: built, server: next, caller: client }) },
      ];
    unknown.push(
      `${client} was built with a contract of ${service} (${hash}) that neither this repository has nor what runs there`,
    );
    return [];
  });
  return { pairs, unknown };
}

/** What breaks for one caller: procedures that its own contract does not let it call do not count. */
function breaksOf({
  client,
  server,
  caller,
}: Readonly<{ client: ContractSnapshot; server: ContractSnapshot; caller: string }>): readonly Finding[] {
  const mayCall = new Set(
    client.procedures
      .filter(({ access }) =>
        access.alternatives.some(
          ({ services, user }) =>
            services === 'any' ||
            services?.includes(caller) === true ||
            (!services && !user) ||
            isPerson(caller),
        ),
      )
      .map(({ path }) => path),
  );
  return compareContracts({ old: client, next: server }).filter(
    ({ severity, procedure }) => severity === 'breaking' && (procedure === null || mayCall.has(procedure)),
  );
}

/** Whose calls come from people and pages, as `/api/mesh` names them. */
function isPerson(caller: string): boolean {
  return caller === 'user' || caller === 'admin' || caller === 'anyone';
}

/** The answer in words. */
export function wordsOf({ service, pairs, unknown }: Answer, environment: string): string {
  const breaks = pairs.flatMap(({ client, server, url, findings }) =>
    findings.map(
      ({ procedure, place, message, rule, remedy }) =>
        `breaking: ${client} → ${server}.${procedure}${place && ` ${place}`}: ${message} [${rule}] (${url})\n  ${remedy}`,
    ),
  );
  const lines = [...breaks, ...unknown.map((one) => `unknown: ${one}`)];
  const compared = `${pairs.length} ${pairs.length === 1 ? 'pair' : 'pairs'} of client and server compared`;
  const verdict =
    breaks.length > 0
      ? `${service} cannot be deployed to ${environment}`
      : unknown.length > 0
        ? `Whether ${service} can be deployed to ${environment} is not known`
        : `${service} can be deployed to ${environment}`;
  return [...lines, `${verdict}: ${compared}.`].join('\n');
}
