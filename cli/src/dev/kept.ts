import { backoffMs } from '@arcadium/mesh/resilience';

/** A program that is to run for as long as the mesh does. */
export interface Program {
  readonly name: string;
  /** @throws Error when it cannot be started. */
  start(): Promise<Instance>;
}

/** One run of a program. */
export interface Instance {
  readonly ended: Promise<Ending>;
  /** Ends it; resolves when it is gone. */
  stop(): Promise<void>;
}

/** How a run ended by itself. */
export interface Ending {
  /** In words, as "exit code 1". */
  readonly how: string;
  /** A wrong configuration would end it again: it waits for a change. */
  readonly cause: 'exit' | 'signal' | 'configuration';
}

/** Half a second before the first restart, doubled with each further one, to fifteen seconds. */
const restartDelay = { baseMs: 500, maxMs: 15_000 };

/** After a run of this length the next end counts as the first again, in milliseconds. */
const steadyMs = 30_000;

/**
 * Keeps a program running: when it ends by itself it is started again after a
 * growing delay; when it is to be renewed it is stopped and started at once.
 */
export class Kept {
  readonly #program: Program;
  readonly #say: (line: string) => void;
  /** Resolved when something is asked for, whether the program runs or waits. */
  #wake = Promise.withResolvers<'asked'>();
  #stopping = false;
  #failures = 0;
  #ended: string | undefined;
  #keeping: Promise<void> = Promise.resolve();

  constructor(program: Program, say: (line: string) => void) {
    this.#program = program;
    this.#say = say;
  }

  get name(): string {
    return this.#program.name;
  }

  /** How it exited by itself, since it was first started or last renewed; `undefined` if it did not. */
  get ended(): string | undefined {
    return this.#ended;
  }

  /** @throws Error when it cannot be started; it is not kept then. */
  async start(): Promise<void> {
    this.#keeping = this.#keep(await this.#program.start());
  }

  /** Starts it again with what has changed, at once. */
  renew(): void {
    this.#wake.resolve('asked');
  }

  /** Ends it for good; resolves when it is gone. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#wake.resolve('asked');
    await this.#keeping;
  }

  async #keep(first: Instance): Promise<void> {
    for (let instance = first; ; instance = await this.#startAgain()) {
      const startedAt = performance.now();
      const outcome = await Promise.race([instance.ended, this.#wake.promise]);
      if (outcome === 'asked') {
        await instance.stop();
        this.#failures = 0;
        this.#ended = undefined;
      } else if (!this.#stopping) {
        if (performance.now() - startedAt > steadyMs) this.#failures = 0;
        await this.#rest(outcome);
      }
      if (this.#stopping) return;
      // What is asked for from now on is not in the run that starts here.
      this.#wake = Promise.withResolvers();
    }
  }

  /** Says how it ended, and waits until it is to start again. */
  async #rest({ how, cause }: Ending): Promise<void> {
    if (cause !== 'signal') this.#ended = how;
    if (cause === 'configuration') {
      this.#say(
        `${this.name} ended with ${how}: its configuration is invalid. It starts again when a setting changes`,
      );
      await this.#wake.promise;
      return;
    }
    this.#failures += 1;
    const waitMs = backoffMs(this.#failures, restartDelay);
    this.#say(`${this.name} ended with ${how}; it starts again in ${waitMs / 1000} s`);
    const { promise: waited, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, waitMs);
    await Promise.race([waited, this.#wake.promise]);
    clearTimeout(timer);
  }

  /** A start that fails is a run that ended at once. */
  async #startAgain(): Promise<Instance> {
    try {
      return await this.#program.start();
    } catch (error) {
      const how = `an error at its start (${error instanceof Error ? error.message : String(error)})`;
      return { ended: Promise.resolve({ how, cause: 'exit' }), stop: async () => {} };
    }
  }
}
