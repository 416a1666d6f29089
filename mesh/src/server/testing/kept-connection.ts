import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { headerOf, readAnswers, type RawAnswer } from './raw-answers.ts';

/** A connection to a server that sends raw requests and keeps the answers. */
export class KeptConnection {
  readonly socket: Socket;
  /** Resolves when it is closed, with the code of its error, or `end`. */
  readonly ended: Promise<string>;
  readonly #chunks: Buffer[] = [];

  private constructor(port: number) {
    this.socket = connect({ port, host: '127.0.0.1', noDelay: true });
    this.socket.on('data', (chunk: Buffer) => this.#chunks.push(chunk));
    let how = 'end';
    this.socket.on('error', (error: NodeJS.ErrnoException) => (how = error.code ?? error.message));
    this.ended = new Promise((resolve) => this.socket.once('close', () => resolve(how)));
  }

  static async open(port: number): Promise<KeptConnection> {
    const connection = new KeptConnection(port);
    await once(connection.socket, 'connect');
    return connection;
  }

  /** The complete answers received. */
  get answers(): RawAnswer[] {
    return readAnswers(Buffer.concat(this.#chunks), { head: false, ended: false }).answers;
  }

  /** The header `connection` of each answer. */
  get saysOf(): (string | undefined)[] {
    return this.answers.map((answer) => headerOf(answer, 'connection'));
  }

  get(path: string): void {
    this.socket.write(`GET ${path} HTTP/1.1\r\nhost: localhost\r\n\r\n`);
  }

  /** Sends a request and waits for its answer, or for the end of the connection. */
  async ask(path: string): Promise<RawAnswer | undefined> {
    const before = this.answers.length;
    this.get(path);
    while (this.answers.length === before) {
      const over = await Promise.race([
        once(this.socket, 'data').then(() => false),
        this.ended.then(() => true),
      ]);
      if (over) break;
    }
    return this.answers[before];
  }
}
