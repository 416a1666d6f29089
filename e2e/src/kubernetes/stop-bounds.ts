import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../process.ts';

/** What a stopping process may wait for, one after the other: the source, and how it names the bound. */
const waits = [
  // Calls in progress, and work in the background.
  ['mesh/src/resilience/retry.ts', 'service:'],
  // Jobs stop together; the relay of the outbox takes longest.
  ['postgres/src/outbox/outbox.ts', 'drainMs'],
  ['mesh/src/telemetry/otlp/outlet.ts', 'lastFlushMs'],
  ['postgres/src/database/database.ts', 'closeTimeoutMs'],
] as const;

/** Longest time that a service takes to stop after its drain delay, in milliseconds, by the bounds in its sources. */
export function longestStopMs(): number {
  return waits.reduce((total, [path, name]) => total + numberIn(path, name), 0);
}

/** How often a client with a name of several addresses looks it up, in milliseconds. */
export function lookupIntervalMs(): number {
  return numberIn('mesh/src/client/endpoints/resolve.ts', 'intervalMs:');
}

/** The number that a source gives a name. @throws Error if there is none. */
function numberIn(path: string, name: string): number {
  const text = readFileSync(join(root, path), 'utf8');
  const found = new RegExp(`\\b${name}(?: =)? ([\\d_]+)\\b`).exec(text)?.[1];
  if (found === undefined)
    throw new Error(`${path} gives ${name} no number any more: update ${import.meta.filename}`);
  return Number(found.replaceAll('_', ''));
}
