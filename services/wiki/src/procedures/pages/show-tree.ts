import { listTree } from '../../stores/tree.ts';
import type { WikiDeps, WikiHandler } from '../deps.ts';

/** Most pages in one answer, as in the contract. */
const mostNodes = 1000;

export function showTree({ database }: WikiDeps): WikiHandler<'pages.tree'> {
  return async ({ input }) => {
    const nodes = await listTree(database, { ...input, limit: mostNodes });
    return { items: nodes.slice(0, mostNodes), truncated: nodes.length > mostNodes };
  };
}
