import { close, urlOf } from '../books/listening.ts';
import { testBooks } from '../books/suite.ts';
import { start } from './server.ts';

testBooks(
  async () => {
    const { server, service } = await start();
    return { url: await urlOf(server), stop: () => service.stop(), close: () => close(server) };
  },
  { path: '/hello', text: 'Hello from Hono' },
);
