// Checked by `tsc` alone: each `@ts-expect-error` is an error itself once the
// line below it is accepted.

import { z } from 'zod';
import { connect, type JobClient } from '../client/index.ts';
import type { HandlerOf, Handlers } from '../server/index.ts';
import { silentLogger } from '../testing/index.ts';
import {
  actingFor,
  admin,
  anyone,
  contract,
  either,
  error,
  mutation,
  query,
  services,
  user,
  type Access,
} from './index.ts';

const shop = contract('shop', {
  items: {
    get: query({
      summary: 'One item',
      input: z.object({ id: z.int() }),
      output: z.object({ name: z.string() }),
      access: anyone,
      errors: { GONE: error('NOT_FOUND', 'It is gone', z.object({ id: z.int() })) },
    }),
    add: mutation({ summary: 'A new item', output: z.object({}), access: user }),
    purge: mutation({ summary: 'Remove all', output: z.object({}), access: admin }),
  },
  stock: {
    take: mutation({ summary: 'For the till', output: z.object({}), access: services('till') }),
    takeFor: mutation({
      summary: 'For the till, acting',
      output: z.object({}),
      access: actingFor(services('till'), user),
    }),
    both: mutation({ summary: 'For either', output: z.object({}), access: either(user, services('till')) }),
  },
});

const options = { url: 'http://localhost:1', log: silentLogger };
const till = connect(shop, { ...options, as: 'till' });
const person = connect(shop, { ...options, as: 'user' });
const chief = connect(shop, { ...options, as: 'admin' });
const stranger = connect(shop, { ...options, as: 'anyone' });

// What a caller may call is there; what it may not is not.
void till.stock.take.mutate();
void till.stock.takeFor.mutate(undefined, { context: { userToken: 'token' } });
void till.stock.both.mutate();
void person.items.add.mutate();
void person.stock.both.mutate();
void chief.items.purge.mutate();
void stranger.items.get.query({ id: 1 });
// @ts-expect-error a service is no user
void till.items.add.mutate();
// @ts-expect-error a user is no administrator
void person.items.purge.mutate();
// @ts-expect-error a user is no service
void person.stock.take.mutate();
// @ts-expect-error a service that the rule does not name
void connect(shop, { ...options, as: 'kiosk' }).stock;
// @ts-expect-error nothing of that group is open to strangers
void stranger.stock;

// For whom a service calls: a handler has a user, a job names one, and a person acts for no other.
const job: JobClient<typeof shop, 'till'> = till;
void till.stock.takeFor.mutate();
void job.stock.takeFor.mutate(undefined, { context: { userToken: 'token' } });
void job.stock.take.mutate();
void job.stock.both.mutate();
void job.items.get.query({ id: 1 });
// @ts-expect-error a job has no user of its own
void job.stock.takeFor.mutate();
// @ts-expect-error nor is one named here
void job.stock.takeFor.mutate(undefined, { context: { deadlineMs: 100 } });
// @ts-expect-error a user acts for no other
void person.items.add.mutate(undefined, { context: { userToken: 'token' } });
// @ts-expect-error there is no such option
void till.stock.take.mutate(undefined, { context: { userTokn: 'token' } });

// Rules that would lie to a handler about who is there.
// @ts-expect-error anyone is no service that could act for a user
actingFor(anyone, user);
// @ts-expect-error nor is a user
actingFor(either(services('till'), admin), user);
// @ts-expect-error no service is called like a kind of person
services('user');

// Scopes.
user({ scopes: ['items:write'] }) satisfies Access<'user'>;
services('till', 'kiosk', { scopes: ['stock:write'] }) satisfies Access<'till' | 'kiosk'>;
actingFor(
  services('till', { scopes: ['act'] }),
  user({ scopes: ['read'] }),
) satisfies Access<'till for user'>;
// @ts-expect-error a rule with scopes names one
user({ scopes: [] });
// @ts-expect-error scopes are an option, so that none is taken for a name
services({ scopes: ['stock:write'] }, 'till');
// @ts-expect-error anyone has no token that scopes could be in
anyone({ scopes: ['items:write'] });

// Inputs and kinds.
// @ts-expect-error the input has the wrong type
void till.items.get.query({ id: '1' });
// @ts-expect-error the input is missing
void till.items.get.query();
// @ts-expect-error a query is not called as a mutation
void till.items.get.mutate({ id: 1 });
// @ts-expect-error there is no such procedure
void till.items.nope;

// Handlers.
type Get = HandlerOf<typeof shop, 'items.get'>;
export const good: Get = async ({ input, errors }) => {
  if (input.id === 0) throw errors.GONE({ id: input.id });
  return { name: 'pen' };
};
// @ts-expect-error the answer lacks a field
export const forgetful: Get = async () => ({});
export const inventive: Get = async ({ errors }) => {
  // @ts-expect-error the contract names no such error
  throw errors.SOLD({ id: 1 });
};
export const careless: Get = async ({ errors }) => {
  // @ts-expect-error the error's data lacks a field
  throw errors.GONE({});
};
export const forServices: HandlerOf<typeof shop, 'stock.take'> = async ({ caller }) => {
  caller.service.name satisfies 'till';
  // @ts-expect-error nobody need stand behind a service
  void caller.user.id;
  return {};
};
// @ts-expect-error there is no such procedure
export type Missing = HandlerOf<typeof shop, 'items.nope'>;
// @ts-expect-error a procedure has no handler
export const incomplete: Handlers<typeof shop> = { items: { get: good }, stock: {} };

// Contracts.
// @ts-expect-error a procedure says who may call it
query({ summary: 'Open to whom?', output: z.object({}) });
// @ts-expect-error only a mutation can be more or less than idempotent
query({ summary: 'Reads', output: z.object({}), access: anyone, idempotent: false });

// Examples have the type of the input, before it is parsed.
const sized = z.object({ size: z.int().default(1), name: z.string().transform(Number) });
const some = { summary: 'Some', input: sized, output: z.object({}), access: anyone };
void query({ ...some, examples: [{ name: 'a' }, { size: 2, name: 'b' }] });
// @ts-expect-error not what is sent
void query({ ...some, examples: [{ name: 1 }] });
// @ts-expect-error without an input there is none
void query({ summary: 'None', output: z.object({}), access: anyone, examples: [{ name: 'a' }] });
