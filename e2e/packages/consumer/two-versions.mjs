import { anyone, contract, nobody, query } from '@arcadium/mesh/contract';
import { connect } from '@arcadium/mesh/client';
import { serve } from '@arcadium/mesh/server';
import { connect as connectOther } from 'other-mesh/client';
import { anyone as anyoneOther, contract as contractOther, query as queryOther } from 'other-mesh/contract';
import { serve as serveOther } from 'other-mesh/server';
import { z } from 'zod';

// Two copies of the mesh in one process, each as service and as client of the other.

const log = { debug() {}, info() {}, warn() {}, error() {}, child: () => log };
const options = { port: 0, version: '1', log, authenticate: () => nobody, pingDatabase: async () => {} };
const handlers = { which: async () => 'answer' };
const contracts = [
  contract('one', { which: query({ summary: 'Says which', output: z.string(), access: anyone }) }),
  contractOther('other', {
    which: queryOther({ summary: 'Says which', output: z.string(), access: anyoneOther }),
  }),
];
const services = [
  await serve(contracts[0], handlers, options),
  await serveOther(contracts[1], handlers, options),
];
for (const service of services) service.ready();

const clients = [
  connect(contracts[1], { url: services[1].url, as: 'anyone', log }),
  connectOther(contracts[0], { url: services[0].url, as: 'anyone', log }),
];
const answers = await Promise.all(clients.map((client) => client.which.query()));
const metrics = await Promise.all(services.map(async ({ url }) => (await fetch(`${url}/metrics`)).text()));
const called = metrics.map((text) => text.match(/(?<=^mesh_client_attempts_total\{target=")\w+/gm));
for (const client of clients) await client[Symbol.asyncDispose]();
for (const service of services) await service.stop();
console.log(JSON.stringify({ answers, called }));
