import { setTimeout as delay } from 'node:timers/promises';
import { TRPCError, tracked } from '@trpc/server';
import { z } from 'zod';
import {
  anyone,
  contract,
  error,
  mutation,
  query,
  services,
  subscription,
  user,
} from '../../contract/index.ts';
import { MeshError } from '../../wire/index.ts';
import type { Handlers } from '../call/handler.ts';

const anything = z.unknown();
const fault = (summary: string) => query({ summary, output: anything, access: anyone });

/** A contract with each kind of procedure and each kind of failure. */
export const sampleContract = contract('sample', {
  status: query({ summary: 'No input', output: z.object({ ok: z.boolean() }), access: anyone }),
  echo: query({ summary: 'Any input', input: anything, output: anything, access: anyone }),
  store: mutation({ summary: 'Any input', input: anything, output: anything, access: anyone }),
  clear: mutation({ summary: 'Neither input nor output', output: z.void(), access: anyone }),
  items: {
    get: query({
      summary: 'An input, and a typed error',
      input: z.object({ id: z.int().min(1), note: z.string().optional() }),
      output: z.object({ id: z.int(), note: z.string().optional() }),
      access: anyone,
      errors: { ITEM_NOT_FOUND: error('NOT_FOUND', 'There is no such item', z.object({ id: z.int() })) },
    }),
    add: mutation({
      summary: 'For users',
      input: z.strictObject({ name: z.string().max(10) }),
      output: z.object({ by: z.string() }),
      access: user,
    }),
    parts: { first: query({ summary: 'Deep', output: z.null(), access: anyone }) },
  },
  stock: { take: mutation({ summary: 'For services', output: z.string(), access: services('till') }) },
  big: query({ summary: 'A long answer', output: z.array(z.string()), access: anyone }),
  unicode: query({ summary: 'All kinds of text', output: z.array(z.string()), access: anyone }),
  stay: query({
    summary: 'Waits until its caller goes',
    input: z.string().optional(),
    output: z.null(),
    access: anyone,
    timeoutMs: 60_000,
  }),
  slow: query({ summary: 'Waits', output: z.literal('done'), access: anyone }),
  faults: {
    bug: fault('Throws an error'),
    text: fault('Throws a string'),
    nothing: fault('Throws undefined'),
    trpc: fault('Throws an error of tRPC’s that the mesh has no code for'),
    mesh: fault('Throws an error of the mesh'),
    known: fault('Throws what the service can classify'),
    cruel: fault('Throws what the service’s classifier fails on'),
    lie: query({ summary: 'Answers what it may not', output: z.object({ n: z.int() }), access: anyone }),
    hang: query({ summary: 'Never answers', output: anything, access: anyone, timeoutMs: 40 }),
    bigint: fault('Answers what JSON has no word for'),
    circle: fault('Answers what JSON cannot write'),
    promise: fault('Answers with a promise within'),
    events: fault('Answers with a stream'),
    pages: fault('Answers with a stream within'),
  },
  watch: subscription({
    summary: 'Two events',
    input: z.object({ lastEventId: z.string().nullish() }).optional(),
    output: z.object({ n: z.int() }),
    access: anyone,
  }),
});

export class KnownError extends Error {}
export class CruelError extends Error {}

export function classifySample(thrown: unknown): MeshError | undefined {
  if (thrown instanceof CruelError) throw new Error('The classifier has a bug');
  return thrown instanceof KnownError ? new MeshError('SERVICE_UNAVAILABLE', 'It is gone') : undefined;
}

const raise = (thrown: unknown) => async (): Promise<never> => {
  throw thrown;
};

async function* noEvents(): AsyncGenerator<never> {}

const circle: { self?: unknown } = {};
circle.self = circle;

/** Makes deterministic handlers. @param onStay Called for each call of `stay`. */
export const sampleHandlers = (
  onStay: (name: string, signal: AbortSignal) => void,
): Handlers<typeof sampleContract> => ({
  status: async () => ({ ok: true }),
  echo: async ({ input }) => ({ got: input }),
  store: async ({ input }) => input,
  clear: async () => {},
  items: {
    get: async ({ input, errors }) => {
      if (input.id > 100) throw errors.ITEM_NOT_FOUND({ id: input.id });
      return input;
    },
    add: async ({ caller }) => ({ by: caller.user.name }),
    parts: { first: async () => null },
  },
  stock: { take: async ({ caller }) => caller.service.name },
  big: async () => Array.from({ length: 3000 }, (_, index) => `${index} ${'x'.repeat(100)}`),
  unicode: async () => [
    'ä€😀',
    '\u0000\u001f',
    '\u2028\u2029',
    '\ud800',
    '\udc00\ud800',
    '\ufeff',
    '</script>',
  ],
  stay: ({ input, signal }) => {
    onStay(input ?? '', signal);
    return new Promise(() => {});
  },
  slow: async () => {
    // So that other calls overtake it.
    await delay(20);
    return 'done';
  },
  faults: {
    bug: raise(new Error('password=hunter2')),
    text: raise('a string'),
    nothing: raise(undefined),
    trpc: raise(new TRPCError({ code: 'PARSE_ERROR', message: 'It cannot be read' })),
    mesh: raise(new MeshError('CONFLICT', 'Somebody was faster')),
    known: raise(new KnownError()),
    cruel: raise(new CruelError()),
    lie: async () => ({ n: 'no number' }) as never,
    hang: () => new Promise(() => {}),
    bigint: async () => ({ n: 1n }),
    circle: async () => circle,
    promise: async () => ({ later: Promise.resolve(1) }),
    events: async () => noEvents(),
    pages: async () => ({ pages: noEvents() }),
  },
  async *watch({ input }) {
    const from = Number(input?.lastEventId ?? 0);
    for (const n of [from + 1, from + 2]) yield tracked(String(n), { n });
  },
});
