import { setTimeout as delay } from 'node:timers/promises';
import type { TestMesh } from '../mesh.ts';
import type { KindOfCall } from './calls.ts';
import { expectedOf, kinds, type CallCase, type Kind } from './expectations.ts';
import type { CallRow } from './markdown.ts';
import { measureCall } from './measure-call.ts';
import { sumOf } from './server-count.ts';

/**
 * Delay between the starts of two calls, in milliseconds: logging in hashes a password, and two cores must be
 * enough.
 */
const staggerMs = 100;

/** Rows of the table, and the calls they passed on to the services, by procedure. */
export interface MeasuredRows {
  readonly rows: readonly CallRow[];
  readonly passedOn: ReadonlyMap<string, number>;
}

/**
 * Makes each kind of call through each fault, all concurrently with staggered starts.
 *
 * @param options.turn Number of other calls that start earlier.
 */
export async function measureRows(
  cases: readonly CallCase[],
  options: { mesh: TestMesh; calls: Record<Kind, KindOfCall>; turn: number; passesAfterMs?: number },
): Promise<MeasuredRows> {
  const passedOn: (readonly [path: string, count: number])[] = [];
  const { mesh, calls, passesAfterMs } = options;
  let { turn } = options;
  const rowOf = async (row: CallCase): Promise<CallRow> => {
    const { name, fault } = row;
    const outcomes = kinds.map(async (kind) => {
      await delay(turn++ * staggerMs);
      const of = calls[kind];
      const measured = await measureCall({
        of,
        url: mesh.url(of.service),
        fault,
        passesAfterMs,
        expectedSeconds: expectedOf(row, kind).seconds,
      });
      passedOn.push(...measured.passedOn);
      return [kind, measured.outcome] as const;
    });
    return { name, outcomes: Object.fromEntries(await Promise.all(outcomes)) as CallRow['outcomes'] };
  };
  const rows = await Promise.all(cases.map(rowOf));
  return { rows, passedOn: sumOf(passedOn) };
}
