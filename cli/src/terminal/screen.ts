import { endBySignal, endingSignals, type EndingSignal } from '../at-end.ts';

const enter = '\u001B[?1049h\u001B[?25l';
const leave = '\u001B[?25h\u001B[?1049l';

/**
 * The alternate screen of the terminal, which is drawn again in place. The terminal is as it was before, however the process
 * ends: by `close`, a signal, or an error that nothing catches.
 */
export class Screen {
  readonly #out: NodeJS.WriteStream;
  readonly #in: NodeJS.ReadStream;
  readonly #onKey: (key: string) => void;
  #open = true;

  /** @param onKey Gets each key as it is pressed; Ctrl-C ends the process. */
  constructor(onKey: (key: string) => void, out = process.stdout, input = process.stdin) {
    this.#out = out;
    this.#in = input;
    this.#onKey = onKey;
    out.write(enter);
    if (input.isTTY) input.setRawMode(true).setEncoding('utf8').on('data', this.#pressed).resume();
    process.once('exit', this.close);
    // Before Node prints the error, which would be lost on the alternate screen.
    process.once('uncaughtExceptionMonitor', this.close);
    for (const signal of endingSignals) process.on(signal, this.#end);
  }

  /** Columns and rows. */
  get size(): { width: number; height: number } {
    return { width: this.#out.columns || 80, height: this.#out.rows || 24 };
  }

  /** Draws the lines over those before. They must fit: what does not is cut by the terminal, or scrolls. */
  draw(lines: readonly string[]): void {
    if (this.#open) this.#out.write(`\u001B[H${lines.map((line) => `${line}\u001B[K`).join('\r\n')}\u001B[J`);
  }

  /** Calls back when the size of the terminal changes. */
  onResize(callback: () => void): void {
    this.#out.on('resize', callback);
  }

  /** Gives the terminal back. */
  readonly close = (): void => {
    if (!this.#open) return;
    this.#open = false;
    for (const signal of endingSignals) process.off(signal, this.#end);
    if (this.#in.isTTY) this.#in.off('data', this.#pressed).setRawMode(false).pause();
    this.#out.write(leave);
  };

  readonly #pressed = (key: string): void => {
    if (key === '\u0003') this.#end('SIGINT');
    else this.#onKey(key);
  };

  readonly #end = (signal: EndingSignal): void => {
    this.close();
    void endBySignal(signal);
  };
}
