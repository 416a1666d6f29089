import { vi } from 'vitest';

/**
 * For so long a condition is waited for where a test names no bound of its
 * own, in milliseconds: a busy machine may stand still for seconds, and where
 * the condition holds it costs nothing.
 */
const patienceMs = 20_000;

const { waitFor, waitUntil } = vi;
type Bound = Parameters<typeof waitFor>[1];

const patient = (bound: Bound): Bound =>
  typeof bound === 'number' ? bound : { timeout: patienceMs, ...bound };

vi.waitFor = (callback, bound) => waitFor(callback, patient(bound));
vi.waitUntil = (callback, bound) => waitUntil(callback, patient(bound));
