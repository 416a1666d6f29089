import { Controller, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  ClientProxyFactory,
  MessagePattern,
  RpcException,
  Transport,
  type MicroserviceOptions,
} from '@nestjs/microservices';
import { firstValueFrom } from 'rxjs';
import { accept, messageSchema, type Receipt } from '../message.ts';
import type { Stack } from '../stack.ts';
import { freePort } from './listen.ts';

class NotificationsController {
  notify(message: unknown): Receipt {
    const parsed = messageSchema.safeParse(message);
    if (parsed.success) return accept(parsed.data);
    throw new RpcException('The input does not fit');
  }
}

/** For Nest a module is anything that can be called with `new`; its decorator has all of the content. */
const NotificationsModule = function NotificationsModule() {} as unknown as new () => object;

// Node strips types but does not compile decorators: they are called as functions.
const { prototype } = NotificationsController;
MessagePattern('notify')(
  prototype,
  'notify',
  Object.getOwnPropertyDescriptor(prototype, 'notify') as PropertyDescriptor,
);
Controller()(NotificationsController);
Module({ controllers: [NotificationsController] })(NotificationsModule);

const host = '127.0.0.1';

/** NestJS microservices over their TCP transport. */
export const nest: Stack = {
  async startServer() {
    const port = await freePort();
    const app = await NestFactory.createMicroservice<MicroserviceOptions>(NotificationsModule, {
      transport: Transport.TCP,
      options: { host, port },
      logger: false,
    });
    await app.listen();
    return { address: { port }, close: () => app.close() };
  },
  async startClient({ port }) {
    const client = ClientProxyFactory.create({ transport: Transport.TCP, options: { host, port } });
    await client.connect();
    return {
      call: (message) => firstValueFrom(client.send<Receipt>('notify', message)),
      close: async () => {
        await client.close();
      },
    };
  },
};
