import { z } from 'zod';
import { anyone, contract, mutation, openEnum, query, subscription } from '../../../contract/index.ts';

const item = z.object({ name: z.string(), state: openEnum(['new', 'sold']) });

const resumed = z.object({ lastEventId: z.string().nullish() }).optional();

/** What clients of the last release were built with. */
export const before = contract('store', {
  get: query({ summary: 'One', input: z.object({ id: z.int() }), output: item, access: anyone }),
  find: query({
    summary: 'Some',
    input: z.object({ text: z.string().max(10) }),
    output: z.object({ found: z.int() }),
    access: anyone,
  }),
  put: mutation({ summary: 'Puts', output: z.object({ id: z.int() }), access: anyone }),
  drop: mutation({ summary: 'Drops', output: z.object({}), access: anyone }),
  watch: subscription({ summary: 'Sold', input: resumed, output: z.object({ id: z.int() }), access: anyone }),
  follow: subscription({ summary: 'Put', input: resumed, output: z.object({ id: z.int() }), access: anyone }),
});

/** The next release: another answer, a shorter text, a procedure fewer and one more, and more properties. */
export const after = contract('store', {
  get: query({
    summary: 'One, with its price',
    input: z.object({ id: z.int() }),
    output: item.extend({ state: openEnum(['new', 'sold', 'lost']), price: z.int() }),
    access: anyone,
  }),
  find: query({
    summary: 'Some',
    input: z.object({ text: z.string().max(3) }),
    output: z.object({ found: z.int() }),
    access: anyone,
  }),
  put: mutation({ summary: 'Puts', output: z.object({ id: z.string() }), access: anyone }),
  watch: subscription({
    summary: 'Sold',
    input: resumed,
    output: z.object({ id: z.string() }),
    access: anyone,
  }),
  follow: subscription({
    summary: 'Put',
    input: resumed,
    output: z.object({ id: z.int(), at: z.string() }),
    access: anyone,
  }),
  count: query({ summary: 'How many', output: z.object({ all: z.int() }), access: anyone }),
});
