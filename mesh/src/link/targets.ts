import type { Operation } from '@trpc/client';
import { meterOf, type CalledProcedure, type Target } from '../client/core.ts';
import type { MeshLinkContext, PlainOptions } from './options.ts';

/** Most procedures that are remembered and measured by their path; a client may make paths up. */
const mostPaths = 1000;

interface TargetsOptions {
  /** Name of the called service. */
  readonly service: string;
  readonly output: CalledProcedure['output'];
  readonly idempotent: PlainOptions['idempotent'];
}

/** Procedures of a router, as they are called: without a contract, a call says what they are. */
export class Targets {
  readonly #options: TargetsOptions;
  readonly #queries = new Map<string, Target>();
  readonly #mutations = new Map<string, Target>();
  #rest: Target['meter'] | undefined;

  constructor(options: TargetsOptions) {
    this.#options = options;
  }

  of({ type, path }: Operation, { timeoutMs, idempotencyKey }: MeshLinkContext): Target {
    const known = type === 'query' ? this.#queries : this.#mutations;
    const target = known.get(path) ?? this.#add(type, path);
    if (timeoutMs === undefined && idempotencyKey === undefined) return target;
    const { procedure } = target;
    const byKey = procedure.kind === 'mutation' && idempotencyKey !== undefined;
    return {
      ...target,
      procedure: {
        ...procedure,
        timeoutMs: timeoutMs ?? procedure.timeoutMs,
        idempotent: byKey ? 'by-key' : procedure.idempotent,
      },
    };
  }

  #add(kind: Operation['type'], path: string): Target {
    const { service, output, idempotent = () => false } = this.#options;
    const known = kind === 'query' ? this.#queries : this.#mutations;
    const isFull = this.#queries.size + this.#mutations.size >= mostPaths;
    const target: Target = {
      path,
      name: `${service}.${path}`,
      procedure: {
        kind,
        idempotent: kind === 'query' || idempotent(path),
        timeoutMs: undefined,
        output,
      },
      needsUser: false,
      meter: isFull ? (this.#rest ??= meterOf(service, 'other')) : meterOf(service, path),
      hedge: undefined,
    };
    if (!isFull) known.set(path, target);
    return target;
  }
}
