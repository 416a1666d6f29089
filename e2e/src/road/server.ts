import { serve } from '@arcadium/mesh/server';
import { createTestIdentity, silentLogger } from '@arcadium/mesh/testing';
import { Coverage } from './coverage.ts';
import { shelf } from './shelf.ts';

// The server's end: tells its parent where it is, and answers each message with the files that it has run since.

const identity = await createTestIdentity();
const service = await serve(
  shelf,
  { items: { get: async ({ input: { id } }) => ({ id, name: `item ${id}` }) } },
  {
    version: '1',
    port: 0,
    log: silentLogger,
    authenticate: identity.authenticate,
    pingDatabase: async () => {},
  },
);
service.ready();
const coverage = new Coverage();
await coverage.start();
process.on('message', () => void coverage.take().then((files) => process.send?.(files)));
process.send?.({ url: service.url, token: await identity.serviceToken('till') });
