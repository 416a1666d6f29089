import { cursorOf, pageOf } from '@arcadium/mesh/server';
import { z } from 'zod';
import { presentSummary } from '../../presenters/page.ts';
import { listOrphans as findOrphans } from '../../stores/links.ts';
import type { WikiDeps, WikiHandler } from '../deps.ts';

const cursor = cursorOf(z.uuid().lowercase());

export function listOrphans({ database }: WikiDeps): WikiHandler<'links.orphans'> {
  return async ({ input: { limit, ...input } }) => {
    const rows = await findOrphans(database, { after: cursor.decode(input.cursor), limit });
    return pageOf(rows, limit, { item: presentSummary, cursor: (row) => cursor.encode(row.id) });
  };
}
