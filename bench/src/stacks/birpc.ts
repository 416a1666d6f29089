import { createBirpc } from 'birpc';
import { once } from 'node:events';
import { WebSocket } from 'ws';
import { accept, messageSchema, type Receipt } from '../message.ts';
import type { Stack } from '../stack.ts';
import { acceptWebSockets } from './accept-web-sockets.ts';

/** JSON leaves nothing of an Error; birpc rejects the call with what arrives. */
class Refused extends Error {
  toJSON(): { message: string } {
    return { message: this.message };
  }
}

const functions = {
  notify(message: unknown): Receipt {
    const parsed = messageSchema.safeParse(message);
    if (parsed.success) return accept(parsed.data);
    throw new Refused('The input does not fit');
  },
};

/** birpc over `ws`, as its documentation sets it up. */
export const birpcWebSocket: Stack = {
  startServer: () =>
    acceptWebSockets((wss) => wss.on('connection', (socket) => createBirpc(functions, channelOf(socket)))),
  async startClient({ port }) {
    const socket = new WebSocket(`ws://127.0.0.1:${port}`);
    await once(socket, 'open');
    const rpc = createBirpc<typeof functions, object>({}, channelOf(socket));
    return {
      call: (message) => rpc.notify(message),
      close: async () => socket.terminate(),
    };
  },
};

function channelOf(socket: WebSocket) {
  return {
    post: (text: string) => socket.send(text),
    on: (take: (text: unknown) => void) => socket.on('message', take),
    serialize: (value: unknown) => JSON.stringify(value),
    deserialize: (text: unknown): unknown => JSON.parse(String(text)),
  };
}
