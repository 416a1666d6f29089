import { cursorOf, pageOf } from '@arcadium/mesh/server';
import { z } from 'zod';
import { presentSummary } from '../../presenters/page.ts';
import { listBacklinks as findBacklinks } from '../../stores/links.ts';
import { walkedPage } from '../../stores/walk.ts';
import type { WikiDeps, WikiHandler } from '../deps.ts';

const cursor = cursorOf(z.uuid().lowercase());

export function listBacklinks({ database }: WikiDeps): WikiHandler<'links.backlinks'> {
  return async ({ input: { slug, limit, ...input } }) => {
    const after = cursor.decode(input.cursor);
    const { rows, until } = await findBacklinks(database, { slug, after, limit });
    const page = pageOf(rows, limit, { item: presentSummary, cursor: (row) => cursor.encode(row.id) });
    return walkedPage(page, until && cursor.encode(until));
  };
}
