import { wikiContract } from '@arcadium/contracts/wiki';
import { contract } from '@arcadium/mesh/contract';

const { comments, ...others } = wikiContract.procedures;

/**
 * The wiki to a caller who knows nothing of keys: to comment is a plain mutation, which sends none and is not made
 * again. The real server runs such a call once for each time that it arrives.
 */
export const plainWikiContract = contract('wiki', {
  ...others,
  comments: { ...comments, create: { ...comments.create, idempotent: false } },
});
