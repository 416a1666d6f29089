import * as fc from 'fast-check';
import { isCallError } from '../../client/index.ts';
import type { Caller } from '../../contract/index.ts';
import type { Handlers } from '../../server/index.ts';
import { createMemoryNetwork } from '../../testing/index.ts';
import type { AnyContract } from '../../contract/index.ts';
import { contractOf, type ContractModel, type ProcedureModel } from './contract-model.ts';
import { schemaOf } from './model.ts';
import { valuesOf } from './models.ts';

const identity = { id: 'x', tokenId: 'x', expiresAt: Number.MAX_SAFE_INTEGER, scopes: ['s'] };
/** The service till for an administrator. */
const caller: Caller = {
  service: { ...identity, name: 'till' },
  user: { ...identity, name: 'Ann', role: 'admin' },
};

/** How many calls each procedure gets that answer, and how many that fail with a typed error. */
const calls = 4;

/** What went wrong between a client of one version and a server of another. */
export type Problem = Readonly<{ procedure: string; what: string; input: unknown; answer: unknown }>;

/**
 * Real calls: a client of one version of a contract calls a server of another one, over a network in memory, with
 * generated inputs and answers.
 *
 * @returns The number of calls, and those that failed or whose answer the client's schema does not accept.
 */
export async function callAcross(
  client: ContractModel,
  server: ContractModel,
  seed: number,
): Promise<{ made: number; problems: Problem[] }> {
  const answers = new Map<string, { fail: boolean; value: unknown }>();
  const served = contractOf(server);
  await using network = serve(served, answers);
  await using connected = network.connect(contractOf(client));
  const problems: Problem[] = [];
  let made = 0;
  for (const [name, procedure] of Object.entries(client)) {
    const other = server[name];
    if (!other) continue;
    const call = (connected.client as unknown as Callable)[name];
    for (const { input, fail, value } of sampled(procedure, other, seed)) {
      answers.set(name, { fail, value });
      made += 1;
      const sent =
        procedure.kind === 'query' ? call?.query?.(input, forUser) : call?.mutate?.(input, forUser);
      const what = await outcome(sent, { procedure, fail });
      if (what !== undefined) problems.push({ procedure: name, what, input, answer: value });
    }
  }
  return { made, problems };
}

type Method = (input: unknown, options: object) => Promise<unknown>;

/** Sent where a contract asks for a user behind the service. */
const forUser = { context: { userToken: 'y' } };
type Callable = Readonly<Record<string, { query?: Method; mutate?: Method }>>;
type Sample = Readonly<{ input: unknown; fail: boolean; value: unknown }>;

function sampled(client: ProcedureModel, server: ProcedureModel, seed: number): Sample[] {
  const options = { seed, numRuns: calls };
  const inputs = client.input ? fc.sample(valuesOf(client.input), options) : [];
  const outputs = fc.sample(valuesOf(server.output), options);
  const [error] = Object.values(server.errors);
  const data = error ? fc.sample(valuesOf(error.data), { seed, numRuns: 1 }) : [];
  return [
    ...outputs.map((value, index) => ({ input: inputs[index], fail: false, value })),
    ...data.map((value) => ({ input: inputs[0], fail: true, value })),
  ];
}

/** `undefined` if the call ended as it should. */
async function outcome(
  sent: Promise<unknown> | undefined,
  { procedure, fail }: Readonly<{ procedure: ProcedureModel; fail: boolean }>,
): Promise<string | undefined> {
  try {
    const answer = await sent;
    if (fail) return 'it should have failed with a typed error';
    return schemaOf(procedure.output).safeParse(answer).success ? undefined : 'the answer does not match';
  } catch (error) {
    if (!isCallError(error)) return String(error);
    const { error: named } = error.data;
    const known = named && procedure.errors[named.name];
    if (!fail || !known) return `${error.data.code}: ${error.message}`;
    return schemaOf(known.data).safeParse(named.data).success
      ? undefined
      : 'the data of the error does not match';
  }
}

function serve(served: AnyContract, answers: ReadonlyMap<string, { fail: boolean; value: unknown }>) {
  const network = createMemoryNetwork();
  const handlers = Object.fromEntries(
    Object.keys(served.procedures).map((name) => [
      name,
      async (call: HandledCall) => {
        call.claim?.take();
        const { fail, value } = answers.get(name) ?? { fail: false, value: undefined };
        const [factory] = Object.values(call.errors);
        if (fail && factory) throw factory(value);
        return value;
      },
    ]),
  );
  const service = network.serve(served, handlers as unknown as Handlers<AnyContract>, {
    authenticate: async () => caller,
  });
  return {
    connect(to: AnyContract) {
      const retryPolicy = { attempts: 0, baseMs: 1, jitter: 0 };
      // The type of a client of any contract has no end.
      const untyped = network as unknown as { connect(to: AnyContract, options: object): AsyncDisposable };
      const client = untyped.connect(to, { as: 'till', url: service.url, token: 'x', retryPolicy });
      return { client, [Symbol.asyncDispose]: () => client[Symbol.asyncDispose]() };
    },
    [Symbol.asyncDispose]: () => service[Symbol.asyncDispose](),
  };
}

interface HandledCall {
  readonly errors: Readonly<Record<string, (data: unknown) => Error>>;
  readonly claim: { take(): void } | undefined;
}
