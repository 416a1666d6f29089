import type { Context } from './context.ts';
import type { CheckId } from './check-id.ts';

/**
 * `error`: something fails, or is open to others. `warning`: it will fail, or may. `hint`: it works, and could be
 * better.
 */
export type Severity = 'error' | 'warning' | 'hint';

/** What a look finds wrong: nothing, a sentence, or several. */
export type Wrong = string | readonly string[] | undefined;

/** One check. It reads and changes nothing. */
export interface Check {
  /** Stable: scripts and links rely on it. */
  readonly id: CheckId;
  readonly severity: Severity;
  /** What is the case if nothing is found. */
  readonly title: string;
  readonly remedy: string;
  /** What is looked at one by one, such as services. @default the checkout as a whole */
  readonly subjects?: (context: Context) => readonly string[] | Promise<readonly string[]>;
  /** @throws Needs, where another check finds what is missing. */
  readonly look: (context: Context, subject: string) => Wrong | Promise<Wrong>;
}
