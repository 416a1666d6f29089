import type { Server } from 'node:http';
import { fromRouter, mount, type MountedService } from '@arcadium/mesh/server';
import { Controller, Get, Module, type INestApplication, type OnModuleDestroy } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { appRouter, createContext } from '../books/router.ts';

class HelloController {
  hello(): string {
    return 'Hello from NestJS';
  }
}
Get('hello')(
  HelloController.prototype,
  'hello',
  Object.getOwnPropertyDescriptor(HelloController.prototype, 'hello') ?? {},
);
Controller()(HelloController);

/** Stops the mesh before Nest closes its server. */
class AppModule implements OnModuleDestroy {
  service: MountedService | undefined;

  async onModuleDestroy(): Promise<void> {
    await this.service?.stop();
  }
}
Module({ controllers: [HelloController] })(AppModule);

export async function start(): Promise<{ app: INestApplication; server: Server; service: MountedService }> {
  const app = await NestFactory.create(AppModule, { logger: false });
  const server = app.getHttpServer() as Server;
  const service = await mount(fromRouter(appRouter, { name: 'books', createContext }), server, {
    version: '1.0.0',
  });
  app.get(AppModule).service = service;
  await app.listen(0, '127.0.0.1');
  service.ready();
  return { app, server, service };
}
