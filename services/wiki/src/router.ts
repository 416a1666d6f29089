import type { wikiContract } from '@arcadium/contracts/wiki';
import type { Handlers } from '@arcadium/mesh/server';
import { createOutboxHandlers } from '@arcadium/postgres/outbox';
import { notificationOutbox } from '@arcadium/prisma/notification-outbox';
import type { CostlyReads } from './costly-reads.ts';
import { createComment } from './procedures/comments/create-comment.ts';
import { deleteComment } from './procedures/comments/delete-comment.ts';
import { listComments } from './procedures/comments/list-comments.ts';
import { resolveComment } from './procedures/comments/resolve-comment.ts';
import { updateComment } from './procedures/comments/update-comment.ts';
import type { WikiDeps } from './procedures/deps.ts';
import { getTerm } from './procedures/index/get-term.ts';
import { listTerms } from './procedures/index/list-terms.ts';
import { listBacklinks } from './procedures/links/list-backlinks.ts';
import { listBrokenLinks } from './procedures/links/list-broken-links.ts';
import { listOrphans } from './procedures/links/list-orphans.ts';
import { createPage } from './procedures/pages/create-page.ts';
import { deletePage } from './procedures/pages/delete-page.ts';
import { diffRevisions } from './procedures/pages/diff-revisions.ts';
import { getPage } from './procedures/pages/get-page.ts';
import { getRevision } from './procedures/pages/get-revision.ts';
import { listHistory } from './procedures/pages/list-history.ts';
import { listPages } from './procedures/pages/list-pages.ts';
import { movePage } from './procedures/pages/move-page.ts';
import { restorePage } from './procedures/pages/restore-page.ts';
import { revertPage } from './procedures/pages/revert-page.ts';
import { showTree } from './procedures/pages/show-tree.ts';
import { updatePage } from './procedures/pages/update-page.ts';
import { unwatchPage, watchPage } from './procedures/pages/watch-page.ts';
import { queryPages } from './procedures/search/query-pages.ts';
import { suggestTitles } from './procedures/search/suggest-titles.ts';

/** The handlers of the wiki's contract. */
export function createHandlers(deps: WikiDeps): Handlers<typeof wikiContract> {
  const costly: CostlyReads['handler'] = (handle) => deps.costlyReads.handler(handle);
  const outbox = createOutboxHandlers({ database: deps.sql, tables: notificationOutbox });
  return {
    pages: {
      create: createPage(deps),
      get: getPage(deps),
      list: listPages(deps),
      tree: costly(showTree(deps)),
      update: updatePage(deps),
      move: movePage(deps),
      delete: deletePage(deps),
      restore: restorePage(deps),
      history: listHistory(deps),
      revision: getRevision(deps),
      diff: diffRevisions(deps),
      revert: revertPage(deps),
      watch: watchPage(deps),
      unwatch: unwatchPage(deps),
    },
    comments: {
      create: createComment(deps),
      list: listComments(deps),
      update: updateComment(deps),
      delete: deleteComment(deps),
      resolve: resolveComment(deps),
    },
    links: {
      backlinks: costly(listBacklinks(deps)),
      broken: costly(listBrokenLinks(deps)),
      orphans: costly(listOrphans(deps)),
    },
    search: {
      query: costly(queryPages(deps)),
      suggest: costly(suggestTitles(deps)),
    },
    index: {
      list: costly(listTerms(deps)),
      get: costly(getTerm(deps)),
    },
    outbox,
  };
}
