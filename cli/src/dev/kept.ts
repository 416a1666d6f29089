import { backoffMs, within } from '@arcadium/mesh/config';

/** A program that runs as long as the mesh does. */
export interface Program {
  readonly name: string;
  /** @throws Error if it cannot be started. */
  start(): Promise<Instance>;
}

export interface Instance {
  readonly ended: Promise<Ending>;
  /** Stops it; resolves when it has ended. */
  stop(): Promise<void>;
}

/** How a run ended by itself. */
export interface Ending {
  /** In words, such as "exit code 1". */
  readonly how: string;
  /** After `configuration`, it is restarted only after a change, because it would end again. */
  readonly cause: 'exit' | 'signal' | 'configuration';
}

/** 0.5 s before the first restart, doubling up to 15 s. */
const restartDelay = { baseMs: 500, maxMs: 15_000 };

/** After a run of this length, in milliseconds, the delay starts at 0.5 s again. */
const steadyMs = 30_000;

/**
 * Keeps a program running. When it ends by itself, it is restarted after a growing delay; `renew` restarts it
 * at once.
 */
export class Kept {
  readonly #program: Program;
  readonly #say: (line: string) => void;
  /** Resolved when a restart or stop is requested, whether the program runs or waits. */
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

  /** How it last exited by itself since its first start or last renewal; `undefined` if it did not. */
  get ended(): string | undefined {
    return this.#ended;
  }

  /** @throws Error if it cannot be started; it is then not kept. */
  async start(): Promise<void> {
    this.#keeping = this.#keep(await this.#program.start());
  }

  /** Restarts it at once, to apply changes. */
  renew(): void {
    this.#wake.resolve('asked');
  }

  /** Stops it for good; resolves when it has ended. */
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
      // Requests from now on do not apply to the run that starts here.
      this.#wake = Promise.withResolvers();
    }
  }

  /** Reports how it ended, and waits until the restart. */
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
    await within(() => this.#wake.promise, { ms: waitMs, onLate: () => {} });
  }

  /** A failed start counts as a run that ended at once. */
  async #startAgain(): Promise<Instance> {
    try {
      return await this.#program.start();
    } catch (error) {
      const how = `an error at its start (${error instanceof Error ? error.message : String(error)})`;
      return { ended: Promise.resolve({ how, cause: 'exit' }), stop: async () => {} };
    }
  }
}
