import { vi } from 'vitest';

/**
 * How long to wait for a condition if a test sets no limit, in milliseconds: a busy machine may pause for
 * seconds, and a fulfilled condition costs no time.
 */
const patienceMs = 20_000;

const { waitFor, waitUntil } = vi;
type Bound = Parameters<typeof waitFor>[1];

const patient = (bound: Bound): Bound =>
  typeof bound === 'number' ? bound : { timeout: patienceMs, ...bound };

vi.waitFor = (callback, bound) => waitFor(callback, patient(bound));
vi.waitUntil = (callback, bound) => waitUntil(callback, patient(bound));
