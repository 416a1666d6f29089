import { suggestPages } from '../../stores/search.ts';
import type { WikiDeps, WikiHandler } from '../deps.ts';

export function suggestTitles({ database }: WikiDeps): WikiHandler<'search.suggest'> {
  return async ({ input }) => ({ items: await suggestPages(database, input) });
}
