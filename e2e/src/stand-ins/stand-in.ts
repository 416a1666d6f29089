import { until } from '../mesh.ts';
import { startNode, type RunningProcess } from '../process.ts';

/** A process that runs a small service, with its address. */
export interface StandIn extends AsyncDisposable {
  readonly url: string;
  readonly process: RunningProcess;
}

/** Starts one, and waits until it is ready. @param file In this folder, such as `failing.ts`. */
export async function startStandIn(file: string, ...args: string[]): Promise<StandIn> {
  const running = startNode(`e2e/src/stand-ins/${file}`, {}, [], args);
  const url = (): unknown => running.logged().find((line) => line['listens_at'])?.['listens_at'];
  await until(
    () => url() !== undefined,
    `${file} listens`,
    () => running.output(),
  );
  return {
    url: String(url()),
    process: running,
    [Symbol.asyncDispose]: () => running[Symbol.asyncDispose](),
  };
}
