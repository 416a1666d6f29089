/** Prints the story as it happens, one line for each call. */
export interface Narrator {
  chapter(title: string): void;
  /**
   * Makes a call and prints caller, target, duration and result; rejects if the call does.
   *
   * @param what Such as `ann → wiki`, and the procedure.
   * @param tell Summarises the answer in a few words.
   */
  call<Answer>(
    what: { who: string; whom: string; procedure: string },
    make: () => Promise<Answer>,
    tell: (answer: Answer) => string,
  ): Promise<Answer>;
  /** Prints a check that passed. @throws Error if it failed. */
  check(holds: boolean, what: string): void;
}

export function createNarrator(print: (line: string) => void): Narrator {
  return {
    chapter: (title) => print(`\n${title}`),
    async call({ who, whom, procedure }, make, tell) {
      const startedAt = performance.now();
      const head = `  ${`${who} → ${whom}`.padEnd(22)} ${procedure.padEnd(24)}`;
      const took = () => `${(performance.now() - startedAt).toFixed(1).padStart(7)} ms`;
      try {
        const answer = await make();
        print(`${head} ${took()}  ${tell(answer)}`);
        return answer;
      } catch (error) {
        print(`${head} ${took()}  FAILED: ${error instanceof Error ? error.message : String(error)}`);
        throw error;
      }
    },
    check(holds, what) {
      print(`  ${holds ? '✓' : '✗'} ${what}`);
      if (!holds) throw new Error(`Check failed: ${what}`);
    },
  };
}
