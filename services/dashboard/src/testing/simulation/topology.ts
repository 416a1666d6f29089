import { noise } from './random.ts';

export interface Edge {
  readonly caller: string;
  readonly target: string;
}

/** Who calls whom. */
export interface Topology {
  readonly services: readonly string[];
  /** Calls between services. */
  readonly edges: readonly Edge[];
  /** Calls of users, and of callers without a token. */
  readonly outside: readonly Edge[];
}

const words = ['auth', 'wiki', 'notification', 'search', 'media', 'billing', 'export', 'import', 'audit'];
const documented: readonly Edge[] = [
  { caller: 'wiki', target: 'auth' },
  { caller: 'wiki', target: 'notification' },
  { caller: 'notification', target: 'auth' },
];

/**
 * A mesh of so many services and edges; the first three are the documented ones.
 *
 * @throws RangeError if there are fewer than three services, or more edges than pairs.
 */
export function topology(services: number, edges: number): Topology {
  if (services < 3) throw new RangeError(`A mesh has at least 3 services, not ${services}`);
  const pairs = (services * (services - 1)) / 2;
  if (edges > pairs)
    throw new RangeError(`${services} services have ${pairs} pairs, fewer than ${edges} edges`);
  const names = Array.from({ length: services }, (_, index) => {
    const round = Math.floor(index / words.length);
    const word = words[index % words.length] ?? 'service';
    return round === 0 ? word : `${word}-${round + 1}`;
  });
  return {
    services: names,
    edges: chosen(names, edges),
    outside: [
      { caller: 'user', target: 'wiki' },
      { caller: 'user', target: 'notification' },
      { caller: 'anyone', target: 'auth' },
    ],
  };
}

function chosen(names: readonly string[], count: number): Edge[] {
  const found = new Map(documented.map((edge) => [key(edge), edge]));
  const add = (edge: Edge): void => {
    if (edge.caller !== edge.target && !found.has(key(edge)) && !found.has(key(reversed(edge))))
      found.set(key(edge), edge);
  };
  // Every service has a caller.
  for (const [index, target] of names.entries())
    if (index >= 3) add({ caller: names[Math.floor(noise(target) * Math.min(index, 12))] ?? 'wiki', target });
  for (let attempt = 0; found.size < count; attempt++) {
    const pick = (end: string): string => names[Math.floor(noise(end, attempt) * names.length)] ?? 'wiki';
    add({ caller: pick('caller'), target: pick('target') });
  }
  return [...found.values()].slice(0, count);
}

const key = ({ caller, target }: Edge): string => `${caller} ${target}`;
const reversed = ({ caller, target }: Edge): Edge => ({ caller: target, target: caller });
