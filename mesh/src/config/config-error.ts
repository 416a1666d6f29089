/** A configuration that no process should start with: everything wrong with it, a line each. */
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
