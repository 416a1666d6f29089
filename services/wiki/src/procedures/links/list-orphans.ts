import { cursorOf, pageOf } from '@arcadium/mesh/server';
import { z } from 'zod';
import { presentSummary } from '../../presenters/page.ts';
import { listOrphans as findOrphans } from '../../stores/links.ts';
import { walkedPage } from '../../stores/walk.ts';
import type { WikiDeps, WikiHandler } from '../deps.ts';

const cursor = cursorOf(z.uuid().lowercase());

export function listOrphans({ database }: WikiDeps): WikiHandler<'links.orphans'> {
  return async ({ input: { limit, ...input } }) => {
    const after = cursor.decode(input.cursor);
    const { rows, until } = await findOrphans(database, { after, limit });
    const page = pageOf(rows, limit, { item: presentSummary, cursor: (row) => cursor.encode(row.id) });
    return walkedPage(page, until && cursor.encode(until));
  };
}
