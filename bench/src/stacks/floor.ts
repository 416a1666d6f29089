import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { accept, messageSchema, receiptSchema, type Message, type Receipt } from '../message.ts';
import type { Stack } from '../stack.ts';
import { listenOn } from './listen.ts';

type Request = { readonly id: number; readonly input: unknown };
type Reply = { readonly id: number } & ({ readonly data: Receipt } | { readonly error: string });

/**
 * Newline-delimited JSON over one TCP connection: the lower limit for any call over a socket. It has an id for each
 * call, validation of input and answer on the server, and nothing else. Everything that one turn of the event loop
 * writes leaves in one system call, because otherwise rows that do so would cost less than this one.
 */
export const floor: Stack = {
  async startServer() {
    const server = createServer({ noDelay: true }, (socket) => {
      const send = lineWriter(socket);
      onLine(socket, (line) => send(JSON.stringify(replyTo(JSON.parse(line) as Request))));
    });
    const port = await listenOn(server);
    return { address: { port }, close: async () => void server.close() };
  },
  async startClient({ port }) {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    await once(socket, 'connect');
    const send = lineWriter(socket);
    const waiting = new Map<number, PromiseWithResolvers<Receipt>>();
    let calls = 0;
    onLine(socket, (line) => {
      const reply = JSON.parse(line) as Reply;
      const caller = waiting.get(reply.id);
      waiting.delete(reply.id);
      if ('data' in reply) caller?.resolve(reply.data);
      else caller?.reject(new Error(reply.error));
    });
    return {
      call(input: Message) {
        const caller = Promise.withResolvers<Receipt>();
        waiting.set((calls += 1), caller);
        send(JSON.stringify({ id: calls, input } satisfies Request));
        return caller.promise;
      },
      close: async () => {
        socket.destroy();
      },
    };
  },
};

function replyTo({ id, input }: Request): Reply {
  const message = messageSchema.safeParse(input);
  if (!message.success) return { id, error: message.error.message };
  const receipt = receiptSchema.safeParse(accept(message.data));
  return receipt.success ? { id, data: receipt.data } : { id, error: receipt.error.message };
}

/** Writes lines; those of one turn together. */
function lineWriter(socket: Socket): (line: string) => void {
  let lines = '';
  const flush = (): void => {
    socket.write(lines);
    lines = '';
  };
  return (line) => {
    if (lines === '') process.nextTick(flush);
    lines += `${line}\n`;
  };
}

function onLine(socket: Socket, take: (line: string) => void): void {
  let rest = '';
  socket.setEncoding('utf8').on('data', (text: string) => {
    const lines = text.split('\n');
    lines[0] = rest + lines[0];
    rest = lines.pop() ?? '';
    for (const line of lines) take(line);
  });
}
