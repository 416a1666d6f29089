import { within } from '@arcadium/mesh/config';
import type { Check } from './check.ts';
import type { Category, CheckId } from './check-id.ts';
import { Needs } from './needs.ts';
import { Context, type ContextOptions } from './context.ts';
import { checks } from './table.ts';

/** What a check found about one subject. */
export interface Finding {
  readonly check: Check;
  /** The subject, such as a service or a file; empty for the checkout as a whole. */
  readonly where: string;
  readonly what: string;
}

/** A look that did not take place: another check found what it needs, or it failed. */
export interface Skipped {
  readonly check: Check;
  readonly where: string;
  readonly needs: CheckId;
}

/** A look that failed or took too long. */
export interface Failed {
  readonly check: Check;
  readonly where: string;
  readonly reason: string;
}

/** The result of a diagnosis. */
export interface Diagnosis {
  /** The checks that were made. */
  readonly checks: readonly Check[];
  readonly findings: readonly Finding[];
  readonly skipped: readonly Skipped[];
  readonly failed: readonly Failed[];
}

export interface DiagnoseOptions extends ContextOptions {
  /** Only these checks. @default all */
  only?: readonly (Category | CheckId)[] | undefined;
}

/**
 * Makes the checks, all at once, each for a limited time.
 *
 * @throws Error if the folder is not a checkout.
 */
export async function diagnose({ only, ...options }: DiagnoseOptions): Promise<Diagnosis> {
  const context = new Context(options);
  const chosen = checks.filter(({ id }) => isChosen(id, only));
  try {
    const results = (await Promise.all(chosen.map((check) => make(context, check)))).flat();
    return {
      checks: chosen,
      findings: results.flatMap(({ findings }) => findings),
      skipped: results.flatMap(({ skipped = [] }) => skipped),
      failed: results.flatMap(({ failed = [] }) => failed),
    };
  } finally {
    await context.close();
  }
}

/** Whether a check is one of those, by its id or its category. */
export function isChosen(id: CheckId, only: DiagnoseOptions['only']): boolean {
  return only === undefined || only.some((one) => one === id || id.startsWith(`${one}.`));
}

type Made = Pick<Diagnosis, 'findings'> & Partial<Pick<Diagnosis, 'skipped' | 'failed'>>;

/** Makes a check of all of its subjects. */
async function make(context: Context, check: Check): Promise<readonly Made[]> {
  const { subjects: subjectsOf = () => [''], look } = check;
  // Longer than one answer: some looks wait for several, one after the other.
  const ms = context.patienceMs * 2;
  const guarded = async (where: string, work: () => Promise<Made[]>): Promise<readonly Made[]> => {
    try {
      return await within(work, { ms });
    } catch (error) {
      if (error instanceof Needs) return [{ findings: [], skipped: [{ check, where, needs: error.check }] }];
      const reason = error instanceof Error ? error.message : String(error);
      return [{ findings: [], failed: [{ check, where, reason }] }];
    }
  };
  return guarded('', async () => {
    const subjects = await subjectsOf(context);
    const all = subjects.map((where) =>
      guarded(where, async () => [
        { findings: [(await look(context, where)) ?? []].flat().map((what) => ({ check, where, what })) },
      ]),
    );
    return (await Promise.all(all)).flat();
  });
}
