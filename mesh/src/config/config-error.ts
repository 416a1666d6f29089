/** A configuration that no process should start with: everything wrong with it, a line each. */
export class ConfigError extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(
      `The configuration cannot be used:\n${problems.map((problem) => `  - ${problem}`).join('\n')}\nSettings come from the environment, the .env of the repository and that of the service; mend them and start again.`,
    );
    this.name = 'ConfigError';
    this.problems = problems;
  }
}
