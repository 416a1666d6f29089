/** The signals that end a command, and its exit codes then, as shells have them. */
const exitCodes = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

export type EndingSignal = keyof typeof exitCodes;
export const endingSignals = Object.keys(exitCodes) as readonly EndingSignal[];

const works: (() => Promise<void>)[] = [];
let ended: Promise<unknown> | undefined;
let signalled = false;

/** Adds work for the end of this command: after success, after a failure, and on a signal. It must not fail. */
export function atEnd(work: () => Promise<void>): void {
  // First, to see the listeners that are called once.
  if (works.length === 0)
    for (const signal of endingSignals) process.prependListener(signal, () => onSignal(signal));
  works.push(work);
}

/** Does that work, once. */
export async function endCommand(): Promise<void> {
  await (ended ??= Promise.all(works.map((work) => work())));
}

/** Ends the command and the process, as a signal asks. The second signal does not wait. */
export async function endBySignal(signal: EndingSignal): Promise<void> {
  if (!signalled) {
    signalled = true;
    await endCommand();
  }
  process.exit(exitCodes[signal]);
}

function onSignal(signal: EndingSignal): void {
  // A command that listens itself comes to its end.
  if (process.listenerCount(signal) === 1) void endBySignal(signal);
}
