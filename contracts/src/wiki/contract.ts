import { anyone, contract, mutation, query, user } from '@arcadium/mesh/contract';
import { z } from 'zod';
import { example } from '../example.ts';
import { id, line } from '../field.ts';
import { listInput, listOf } from '../list.ts';
import { outbox } from '../outbox.ts';
import { comment, commentBody, commentErrors, replyErrors } from './comment.ts';
import {
  body,
  editErrors,
  page,
  pageErrors,
  pageNode,
  pageSummary,
  revision,
  revisionErrors,
  revisionNumber,
  slug,
  slugErrors,
  title,
} from './page.ts';

const pageId = z.object({ id });
const pageAddress = z.union([pageId, z.object({ slug })], { error: 'give { id } or { slug }' });
/** In milliseconds. Saving a page parses all of its text, which takes long for long pages. */
const savingTimeoutMs = 15_000;

const term = z.string().min(1).max(64);

/** Pages, comments, links and search. */
export const wikiContract = contract('wiki', {
  pages: {
    create: mutation({
      summary: 'Publish a page',
      input: z.object({ slug, title, body, parentId: id.nullable().default(null) }),
      output: page,
      timeoutMs: savingTimeoutMs,
      examples: [{ slug: example.slug, title: 'Start', body: 'Read [the guide](docs/guide) first.' }],
      access: user,
      idempotent: 'by-key',
      errors: slugErrors,
    }),
    get: query({
      summary: 'One page by id or address; a former address also works, and the answer has the current one',
      input: pageAddress,
      output: page,
      examples: [{ slug: example.slug }, { id: example.page }],
      access: anyone,
      hedge: true,
      errors: pageErrors,
    }),
    list: query({
      summary: 'Pages, most recently changed first; or, for logged-in users, the recycle bin',
      input: listInput.extend({ authorId: id.optional(), deleted: z.boolean().default(false) }).prefault({}),
      output: listOf(pageSummary),
      examples: [{ limit: 10 }],
      access: anyone,
    }),
    tree: query({
      summary: 'Pages below one page, or from the root, parents before children; at most 1000',
      input: z
        .object({ rootId: id.nullable().default(null), depth: z.int().min(1).max(10).default(10) })
        .prefault({}),
      output: z.object({ items: z.array(pageNode).max(1000), truncated: z.boolean() }),
      examples: [{ depth: 2 }],
      access: anyone,
    }),
    update: mutation({
      summary: 'Change title or text, unless the page has changed since `revision`',
      input: z.object({ id, revision: revisionNumber, title: title.optional(), body: body.optional() }),
      output: page,
      timeoutMs: savingTimeoutMs,
      examples: [{ id: example.page, revision: 1, body: 'Read [the guide](docs/guide) and the reference.' }],
      access: user,
      idempotent: 'by-key',
      errors: editErrors,
    }),
    move: mutation({
      summary: 'Change the address or the parent',
      input: z.object({
        id,
        revision: revisionNumber,
        slug: slug.optional(),
        parentId: id.nullable().optional(),
      }),
      output: pageSummary,
      timeoutMs: savingTimeoutMs,
      examples: [{ id: example.page, revision: 2, slug: 'docs/first-steps' }],
      access: user,
      idempotent: 'by-key',
      errors: { ...editErrors, ...slugErrors },
    }),
    delete: mutation({
      summary: 'Move a page to the recycle bin (its author, or an administrator)',
      input: pageId,
      output: pageSummary,
      examples: [{ id: example.page }],
      access: user,
      idempotent: true,
      errors: pageErrors,
    }),
    restore: mutation({
      summary: 'Restore a page from the recycle bin (its author, or an administrator)',
      input: pageId,
      output: pageSummary,
      examples: [{ id: example.page }],
      access: user,
      idempotent: true,
      errors: { ...pageErrors, SLUG_TAKEN: slugErrors.SLUG_TAKEN },
    }),
    history: query({
      summary: 'The revisions of a page, newest first',
      input: listInput.extend({ id }),
      output: listOf(revision),
      examples: [{ id: example.page, limit: 10 }],
      access: anyone,
      errors: pageErrors,
    }),
    revision: query({
      summary: 'A page at one revision',
      input: z.object({ id, revision: revisionNumber }),
      output: revision.extend({ body: z.string() }),
      examples: [{ id: example.page, revision: 1 }],
      access: anyone,
      errors: revisionErrors,
    }),
    diff: query({
      summary: 'What changed between two revisions, as a unified diff',
      input: z.object({ id, from: revisionNumber, to: revisionNumber }),
      output: z.object({ added: z.int(), removed: z.int(), patch: z.string() }),
      examples: [{ id: example.page, from: 1, to: 2 }],
      access: anyone,
      errors: revisionErrors,
    }),
    revert: mutation({
      summary: 'Make an earlier revision the current one',
      input: z.object({ id, revision: revisionNumber, to: revisionNumber }),
      output: page,
      timeoutMs: savingTimeoutMs,
      examples: [{ id: example.page, revision: 3, to: 1 }],
      access: user,
      idempotent: 'by-key',
      errors: { ...editErrors, ...revisionErrors },
    }),
    watch: mutation({
      summary: 'Receive notifications about changes of a page and comments on it',
      input: pageId,
      output: z.object({ watching: z.boolean() }),
      examples: [{ id: example.page }],
      access: user,
      idempotent: true,
      errors: pageErrors,
    }),
    unwatch: mutation({
      summary: 'Stop these notifications',
      input: pageId,
      output: z.object({ watching: z.boolean() }),
      examples: [{ id: example.page }],
      access: user,
      idempotent: true,
    }),
  },
  comments: {
    create: mutation({
      summary: 'Comment on a page, or answer a comment on it',
      input: z.object({ pageId: id, body: commentBody, parentId: id.nullable().default(null) }),
      output: comment,
      examples: [{ pageId: example.page, body: 'Very clear, thank you.' }],
      access: user,
      idempotent: 'by-key',
      errors: { ...pageErrors, ...replyErrors },
    }),
    list: query({
      summary: 'The comments on a page, oldest first',
      input: listInput.extend({ pageId: id }),
      output: listOf(comment),
      examples: [{ pageId: example.page }],
      access: anyone,
      errors: pageErrors,
    }),
    update: mutation({
      summary: 'Change a comment (its author only)',
      input: z.object({ id, body: commentBody }),
      output: comment,
      examples: [{ id: example.comment, body: 'Very clear. Thank you!' }],
      access: user,
      idempotent: true,
      errors: commentErrors,
    }),
    delete: mutation({
      summary: 'Delete a comment (its author, or an administrator); answers to it stay',
      input: z.object({ id }),
      output: comment,
      examples: [{ id: example.comment }],
      access: user,
      idempotent: true,
      errors: commentErrors,
    }),
    resolve: mutation({
      summary: 'Mark a comment as resolved or unresolved',
      input: z.object({ id, resolved: z.boolean().default(true) }),
      output: comment,
      examples: [{ id: example.comment, resolved: true }],
      access: user,
      idempotent: true,
      errors: commentErrors,
    }),
  },
  links: {
    backlinks: query({
      summary: 'The pages that link to an address, whether or not a page exists there',
      input: listInput.extend({ slug }),
      output: listOf(pageSummary),
      examples: [{ slug: 'docs/guide' }],
      access: anyone,
    }),
    broken: query({
      summary: 'Links to pages that do not exist, of one page or of all',
      input: listInput.extend({ pageId: id.optional() }).prefault({}),
      output: listOf(z.object({ pageId: id, slug: z.string(), target: z.string(), text: z.string() })),
      examples: [{ pageId: example.page }],
      access: anyone,
      priority: 'sheddable',
    }),
    orphans: query({
      summary: 'Pages that no other page links to',
      input: listInput.prefault({}),
      output: listOf(pageSummary),
      examples: [{ limit: 10 }],
      access: anyone,
      priority: 'sheddable',
    }),
  },
  search: {
    query: query({
      summary:
        'Search titles and texts for the first 16 words of a query, best match first; of more than 500 matches, the 500 changed last',
      input: listInput.extend({ text: line(200) }),
      output: listOf(
        z.object({
          page: pageSummary,
          /** Safe HTML: everything escaped, matching words in `<mark>`. */
          excerpt: z.string(),
          rank: z.number(),
        }),
      ),
      examples: [{ text: 'guide' }],
      access: anyone,
    }),
    suggest: query({
      summary: 'Titles similar to the text typed so far, tolerating spelling mistakes',
      input: z.object({ text: line(100), limit: z.int().min(1).max(20).default(8) }),
      output: z.object({ items: z.array(pageSummary.pick({ id: true, slug: true, title: true })).max(20) }),
      examples: [{ text: 'Sta' }],
      access: anyone,
      priority: 'sheddable',
    }),
  },
  index: {
    list: query({
      summary: 'The index: the terms of all pages in alphabetical order',
      input: listInput.extend({ prefix: term.optional() }).prefault({}),
      output: listOf(
        z.object({
          term: z.string(),
          /** At most 1000. */
          pages: z.int(),
        }),
      ),
      examples: [{ prefix: 'gu' }],
      access: anyone,
      priority: 'sheddable',
    }),
    get: query({
      summary: 'The pages that contain a term, highest weight first',
      input: listInput.extend({ term }),
      output: listOf(
        z.object({
          pageId: id,
          slug: z.string(),
          title: z.string(),
          kind: z.enum(['title', 'heading', 'body']),
          /** Anchor of the heading. */
          anchor: z.string().nullable(),
          weight: z.number(),
        }),
      ),
      examples: [{ term: 'guide' }],
      access: anyone,
    }),
  },
  outbox,
});
