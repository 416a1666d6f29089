import type { TRPCLink } from '@trpc/client';
import { getTransformer, type CoercedTransformerParameters } from '@trpc/client/unstable-internals';
import type { AnyTRPCRouter } from '@trpc/server';
import { callLink, callMaker, type MakeCall } from './calls.ts';
import { connectionOf } from './connection.ts';
import type { MeshLinkOptions, PlainOptions } from './options.ts';
import { subscriptionLink } from './subscriptions.ts';

/** Opens the connection of a link. @throws TypeError for an invalid `url`, and for a contract with a transformer. */
export function openLink<Router extends AnyTRPCRouter>(
  options: MeshLinkOptions<Router>,
): { link: TRPCLink<Router>; make: MakeCall; close: () => Promise<void> } {
  const plain: PlainOptions = options;
  const { transformer: own } = options as CoercedTransformerParameters;
  // The schemas of a contract describe the JSON that is sent, which a transformer would change.
  if (plain.contract && own)
    throw new TypeError(
      `meshLink: the contract ${plain.contract.name} cannot be combined with a transformer: a service with a contract sends plain JSON. Leave out transformer, or contract for a router that has one`,
    );
  const transformer = getTransformer(own);
  const { connection, close } = connectionOf(plain, transformer);
  const make = callMaker(connection, plain, transformer);
  const calls = callLink(make);
  const subscriptions = subscriptionLink(connection, plain, transformer);
  const link: TRPCLink<AnyTRPCRouter> = () => (given) =>
    given.op.type === 'subscription' ? subscriptions(given) : calls(given);
  return { link: link as TRPCLink<Router>, make, close };
}
