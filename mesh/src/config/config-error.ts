/**
 * The configuration is invalid: `problems` has one line for each setting that is wrong.
 *
 * @example
 * try {
 *   readConfig({ PORT: z.coerce.number() }, process.env);
 * } catch (error) {
 *   if (error instanceof ConfigError) console.error(error.problems);
 * }
 */
export class ConfigError extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(
      `The configuration is invalid:\n${problems.map((problem) => `  - ${problem}`).join('\n')}\nSettings come from the environment, the repository's .env and the service's .env. Correct them and start again.`,
    );
    this.name = 'ConfigError';
    this.problems = problems;
  }
}
