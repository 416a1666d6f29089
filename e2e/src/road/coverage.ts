import { Session } from 'node:inspector/promises';

const sources = '/mesh/src/';

/** Which source files of the mesh this process runs code of. */
export class Coverage {
  readonly #session = new Session();

  async start(): Promise<void> {
    this.#session.connect();
    await this.#session.post('Profiler.enable');
    await this.#session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false });
  }

  /** The files of `mesh/src` that a function of was called since the last time, as `client/call.ts`. */
  async take(): Promise<string[]> {
    const { result } = await this.#session.post('Profiler.takePreciseCoverage');
    return result
      .filter(({ functions }) => functions.some(({ ranges }) => (ranges[0]?.count ?? 0) > 0))
      .flatMap(({ url }) => url.split(sources)[1] ?? []);
  }
}
