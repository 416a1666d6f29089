/** Where a process is in its life: it takes calls only while it is `ready`. */
export type LifeStage = 'starting' | 'ready' | 'draining';

/** The stage of this process; a draining process never gets ready again. */
export interface Readiness {
  readonly stage: LifeStage;
  /** Says that start-up is done. */
  ready(): void;
  /** Says that the process is about to end. */
  drain(): void;
}

/** Makes the stage of a process that is starting. */
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
