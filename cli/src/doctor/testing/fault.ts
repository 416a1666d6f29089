import type { DiagnoseOptions } from '../diagnose.ts';
import type { CheckId } from '../check-id.ts';
import type { HealthyMesh } from './healthy-mesh.ts';

/** A fault that a check finds. */
export interface Fault {
  /** Breaks something. @returns Options for the diagnosis. */
  readonly plant: (
    mesh: HealthyMesh,
  ) => Promise<Partial<DiagnoseOptions> | void> | Partial<DiagnoseOptions> | void;
  /** Other checks that find the same fault, or what necessarily comes with it. @default none */
  readonly also?: readonly CheckId[];
  /** Whether this machine can have the fault. @default it can */
  readonly possible?: () => boolean;
}

/** A fault for each check, by its id. */
export type Faults = Readonly<Partial<Record<CheckId, Fault>>>;
