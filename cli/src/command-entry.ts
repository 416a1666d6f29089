import type { Command } from 'commander';

/** A command: what it does in one line, and what adds its arguments, options and action once it is asked for. */
export interface Entry {
  readonly description: string;
  /** Another name. @default none */
  readonly alias?: string;
  readonly load: () => Promise<(self: Command) => Command>;
  /** Whether it works on the files of a checkout: then it is not in the published package. @default false */
  readonly needsCheckout?: true;
  /**
   * That it changes nothing, which makes it a tool of `mesh mcp`: with all of its arguments and options, or with these
   * options always and those never. Options that never end (`--watch`, `--follow`) are left out in any case.
   *
   * @default it is not a tool
   */
  readonly readOnly?: true | Readonly<{ always: readonly string[]; never: readonly string[] }>;
}

/** Commands under one name. */
export interface Group {
  readonly description: string;
  readonly commands: Readonly<Record<string, Entry>>;
}
