import { EventEmitter, on } from 'node:events';
import { tracked, type Handlers } from '@arcadium/mesh/server';
import type { pricesContract } from './contract.ts';

/** The latest changes, for callers that were away for a while. */
const longestHistory = 1000;

export function createHandlers(): Handlers<typeof pricesContract> {
  const prices = new Map<string, number>();
  const changes: { item: string; cents: number }[] = [];
  const changed = new EventEmitter({}).setMaxListeners(0);
  let dropped = 0;
  return {
    get: async ({ input: { item }, errors }) => {
      const cents = prices.get(item);
      if (cents === undefined) throw errors.NO_PRICE({ item });
      return { item, cents };
    },
    set: async ({ input, caller, log }) => {
      log.info({ by: caller.service.name, item: input.item }, 'price set');
      prices.set(input.item, input.cents);
      changes.push(input);
      if (changes.length > longestHistory) {
        changes.shift();
        dropped += 1;
      }
      changed.emit('change');
      return {};
    },
    async *watch({ input, signal }) {
      const wakes = on(changed, 'change', { signal });
      let next = Math.max(dropped, Number(input.lastEventId ?? dropped + changes.length));
      try {
        for (;;) {
          for (; next < dropped + changes.length; next += 1) {
            const change = changes[next - dropped];
            if (change) yield tracked(String(next + 1), change);
          }
          await wakes.next();
        }
      } catch (error) {
        if (!signal.aborted) throw error;
      }
    },
  };
}
