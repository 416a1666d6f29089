import {
  actingFor,
  anyone,
  contract,
  error,
  mutation,
  query,
  services,
  subscription,
  user,
} from '../contract/index.ts';
import { serve, tracked, type RunningService, type ServeOptions } from '../server/index.ts';
import { z } from 'zod';
import { silentLogger } from './logger.ts';

/** A contract with a procedure of each kind. */
export const shop = contract('shop', {
  items: {
    get: query({
      summary: 'One item',
      input: z.object({ id: z.int().min(1) }),
      output: z.object({ id: z.int(), name: z.string() }),
      access: anyone,
      errors: { ITEM_NOT_FOUND: error('NOT_FOUND', 'There is no such item', z.object({ id: z.int() })) },
    }),
    echo: query({
      summary: 'What was sent, twice',
      input: z.object({ text: z.string() }),
      output: z.object({ text: z.string() }),
      access: anyone,
    }),
  },
  stock: {
    take: mutation({ summary: 'Take one', output: z.object({ by: z.string() }), access: services('till') }),
    takeFor: mutation({
      summary: 'Take one for a user',
      output: z.object({ by: z.string() }),
      access: actingFor(services('till'), user),
    }),
    slow: mutation({ summary: 'Takes a while', output: z.object({ n: z.int() }), access: anyone }),
    brief: mutation({ summary: 'Takes a moment', output: z.object({}), access: anyone }),
    hang: mutation({ summary: 'Never ends', output: z.object({}), access: anyone }),
  },
  ticks: {
    watch: subscription({
      summary: 'Counts',
      input: z.object({ lastEventId: z.string().nullish() }).optional(),
      output: z.object({ n: z.int(), ballast: z.string() }),
      access: anyone,
    }),
  },
});

/** State of the shop's handlers. */
export interface ShopState {
  /** Lets `stock.slow` answer. */
  readonly finish: PromiseWithResolvers<void>;
  slowCalls: number;
  /** Started calls of `stock.brief`. */
  briefCalls: number;
  /** Events of `ticks.watch`. */
  yielded: number;
  /** The signals of `stock.hang`. */
  readonly hung: AbortSignal[];
}

export function createShopState(): ShopState {
  return { finish: Promise.withResolvers(), slowCalls: 0, briefCalls: 0, yielded: 0, hung: [] };
}

/** Serves the shop on a free port. */
export async function startShop(
  state: ShopState,
  options: Pick<ServeOptions, 'authenticate'> & Partial<ServeOptions>,
): Promise<RunningService> {
  const started = await serve(
    shop,
    {
      items: {
        get: async ({ input, errors }) => {
          if (input.id > 100) throw errors.ITEM_NOT_FOUND({ id: input.id });
          return { id: input.id, name: `item ${input.id}` };
        },
        echo: async ({ input }) => ({ text: input.text + input.text }),
      },
      stock: {
        take: async ({ caller }) => ({ by: caller.service.name }),
        takeFor: async ({ caller }) => ({ by: `${caller.service.name} for ${caller.user.name}` }),
        slow: async () => {
          state.slowCalls += 1;
          await state.finish.promise;
          return { n: state.slowCalls };
        },
        brief: async () => {
          state.briefCalls += 1;
          await new Promise((resolve) => setTimeout(resolve, 50));
          return {};
        },
        hang: ({ signal }) => {
          state.hung.push(signal);
          return new Promise(() => {});
        },
      },
      ticks: {
        async *watch({ input, signal }) {
          let n = Number(input?.lastEventId ?? 0);
          const ballast = n >= 1000 ? 'x'.repeat(100_000) : '';
          while (!signal.aborted) {
            n += 1;
            state.yielded += 1;
            yield tracked(String(n), { n, ballast });
            if (ballast === '' && n % 3 === 0)
              await new Promise((resolve) => signal.addEventListener('abort', resolve));
          }
        },
      },
    },
    {
      version: '1',
      port: 0,
      log: silentLogger,
      pingDatabase: async () => {},
      ...options,
    },
  );
  started.ready();
  return started;
}
