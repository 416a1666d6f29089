/** Stage of a process; it accepts calls only while `ready`. */
export type LifeStage = 'starting' | 'ready' | 'draining';

/** The stage of this process. `draining` is final. */
export interface Readiness {
  readonly stage: LifeStage;
  /** Ends the stage `starting`. */
  ready(): void;
  /** Starts the stage `draining`. */
  drain(): void;
}

/** Starts with the stage `starting`. */
export function createReadiness(): Readiness {
  let stage: LifeStage = 'starting';
  return {
    get stage() {
      return stage;
    },
    ready() {
      if (stage === 'starting') stage = 'ready';
    },
    drain() {
      stage = 'draining';
    },
  };
}
