import { error } from '@arcadium/mesh/contract';
import { z } from 'zod';
import { id, label, text, time } from '../field.ts';

/** Address of a page: a lower-case path, such as `docs/architecture`. */
export const slug = z
  .string()
  .max(200)
  .regex(/^[a-z0-9][a-z0-9._-]*(\/[a-z0-9][a-z0-9._-]*)*$/, 'must be lower-case words separated by slashes');

export const title = label(200);

/** Markdown (GitHub flavour). */
export const body = text(200_000);

export const revisionNumber = z.int().min(1).max(2_147_483_647);

/** A page without its text. */
export const pageSummary = z.object({
  id,
  slug: z.string(),
  title: z.string(),
  parentId: id.nullable(),
  /** Increases by one with each change; send it back with the next change. */
  revision: z.int(),
  /** Who created the page. */
  authorId: id,
  createdAt: time,
  updatedAt: time,
  /** When it was moved to the recycle bin. */
  deletedAt: time.nullable(),
});
export type PageSummary = z.output<typeof pageSummary>;

export const page = pageSummary.extend({ body: z.string() });
export type Page = z.output<typeof page>;

/** A node of the page tree. */
export const pageNode = pageSummary.pick({ id: true, slug: true, title: true, parentId: true }).extend({
  depth: z.int().min(0),
  hasChildren: z.boolean(),
});

/** A page after one change. */
export const revision = z.object({
  revision: z.int(),
  title: z.string(),
  authorId: id,
  createdAt: time,
});

export const pageErrors = {
  PAGE_NOT_FOUND: error('NOT_FOUND', 'There is no such page', z.object({})),
} as const;

export const slugErrors = {
  SLUG_TAKEN: error('CONFLICT', 'A page with this address already exists', z.object({ slug: z.string() })),
  PARENT_NOT_FOUND: error(
    'UNPROCESSABLE_CONTENT',
    'There is no such parent page',
    z.object({ parentId: id }),
  ),
} as const;

export const editErrors = {
  ...pageErrors,
  EDIT_CONFLICT: error(
    'CONFLICT',
    'The page has been changed since it was read',
    z.object({ currentRevision: z.int() }),
  ),
} as const;

export const revisionErrors = {
  ...pageErrors,
  REVISION_NOT_FOUND: error('NOT_FOUND', 'There is no such revision', z.object({ revision: z.int() })),
} as const;
