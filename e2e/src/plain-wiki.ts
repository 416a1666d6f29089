import { wikiContract } from '@arcadium/contracts/wiki';
import { contract } from '@arcadium/mesh/contract';

const { comments, ...others } = wikiContract.procedures;

/**
 * The wiki for a caller without idempotency keys: commenting is a plain mutation, which is not retried. The
 * real server executes such a call each time it arrives.
 */
export const plainWikiContract = contract('wiki', {
  ...others,
  comments: { ...comments, create: { ...comments.create, idempotent: false } },
});
