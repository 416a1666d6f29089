/** Tells the story as it happens: a line for each call. */
export interface Narrator {
  /** Begins a chapter. */
  chapter(title: string): void;
  /**
   * Makes a call and prints who called whom, how long it took and what came
   * back; rejects as the call does.
   *
   * @param what As `ann → wiki`, and the procedure.
   * @param tell Turns the answer into the few words that are printed.
   */
  call<Answer>(
    what: { who: string; whom: string; procedure: string },
    make: () => Promise<Answer>,
    tell: (answer: Answer) => string,
  ): Promise<Answer>;
  /** Says that something holds; throws if it does not. */
  check(holds: boolean, what: string): void;
}

/** Makes a narrator that prints to a stream. */
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
