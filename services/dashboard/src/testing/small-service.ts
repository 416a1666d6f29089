import { connect } from '@arcadium/mesh/client';
import { anyone, contract, mutation, query, MeshError } from '@arcadium/mesh/contract';
import { createAuthenticate, createKeySet, jwks } from '@arcadium/mesh/identity';
import { serve } from '@arcadium/mesh/server';
import { measureProcess } from '@arcadium/mesh/telemetry';
import { silentLogger as log } from '@arcadium/mesh/testing';
import { z } from 'zod';

// The process of a small service, with metrics of its own: `node small-service.ts '{"name": "shop", …}'`.

const { name, port, keys, token, target } = z
  .object({
    name: z.string(),
    port: z.int(),
    /** By which it knows its callers. */
    keys: jwks,
    /** Its own. */
    token: z.string(),
    /** A service of the same kind that its `work` calls. */
    target: z.object({ name: z.string(), url: z.string() }).optional(),
  })
  .parse(JSON.parse(process.argv[2] ?? ''));

const contractOf = <Name extends string>(of: Name) =>
  contract(of, {
    work: query({
      summary: 'Works, or fails',
      input: z.object({ fail: z.boolean().default(false) }).prefault({}),
      output: z.object({}),
      access: anyone,
    }),
    pay: mutation({ summary: 'Pays', output: z.object({}), access: anyone }),
  });

measureProcess();
const client =
  target &&
  connect(contractOf(target.name), {
    as: name,
    url: target.url,
    token,
    log,
    retryPolicy: { attempts: 1, baseMs: 10, jitter: 0 },
  });
let worked = 0;
const service = await serve(
  contractOf(name),
  {
    work: async ({ input: { fail } }) => {
      worked += 1;
      if (fail) throw new MeshError('INTERNAL_SERVER_ERROR', 'It failed');
      if (client) await client.work.query({});
      return {};
    },
    pay: async () => ({}),
  },
  {
    version: '1',
    port,
    log,
    authenticate: createAuthenticate(await createKeySet({ initial: keys.keys, log })),
    pingDatabase: async () => {},
    reportDatabase: () => ({
      statements: [
        { name: 'SELECT work', calls: worked, failures: 0, total_ms: 2 * worked, mean_ms: 2, longest_ms: 3 },
      ],
      migrations: null,
    }),
  },
);
service.ready();
process.send?.(service.url);
process.on('disconnect', () => process.exit());
