import { cursorOf, pageOf } from '@arcadium/mesh/server';
import { z } from 'zod';
import { listBrokenLinks as findBrokenLinks } from '../../stores/links.ts';
import { walkedPage } from '../../stores/walk.ts';
import type { WikiDeps, WikiHandler } from '../deps.ts';

const cursor = cursorOf(z.tuple([z.uuid().lowercase(), z.int32()]));

export function listBrokenLinks({ database }: WikiDeps): WikiHandler<'links.broken'> {
  return async ({ input }) => {
    const { pageId, limit } = input;
    const place = cursor.decode(input.cursor);
    const after = place && { pageId: place[0], position: place[1] };
    const { rows, until } = await findBrokenLinks(database, { pageId, after, limit });
    const page = pageOf(rows, limit, {
      item: ({ pageId: id, slug, target, text }) => ({ pageId: id, slug, target, text }),
      cursor: (row) => cursor.encode([row.pageId, row.position]),
    });
    return walkedPage(page, until && cursor.encode([until.pageId, until.position]));
  };
}
