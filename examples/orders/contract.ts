import { anyone, contract, error, mutation } from '@arcadium/mesh/contract';
import { z } from 'zod';

const item = z.string().min(1).max(100);

/** The service of these examples. */
export const shopContract = contract('shop', {
  orders: {
    place: mutation({
      summary: 'Place an order',
      input: z.object({ item }),
      output: z.object({ id: z.uuid(), item }),
      access: anyone,
      idempotent: 'by-key',
      errors: { SOLD_OUT: error('CONFLICT', 'This item is sold out', z.object({ item })) },
    }),
  },
});

/** The service that gets a message for each order. */
export const mailContract = contract('mail', {
  mails: {
    confirm: mutation({
      summary: 'Confirm an order; a key that was confirmed before is ignored',
      input: z.object({ key: z.string(), id: z.uuid(), item }),
      output: z.object({}),
      access: anyone,
      idempotent: true,
    }),
  },
});

/** What the shop publishes. */
export const topics = { 'order.placed': z.object({ id: z.uuid(), item }) };

/** Settings of the shop, from the environment. */
export const shopSettings = z.object({ DATABASE_URL: z.url(), MAIL_URL: z.url(), PORT: z.coerce.number() });
