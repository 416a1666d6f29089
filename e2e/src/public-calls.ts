import { randomUUID } from 'node:crypto';
import { authContract } from '@arcadium/contracts/auth';
import { notificationContract } from '@arcadium/contracts/notification';
import { wikiContract } from '@arcadium/contracts/wiki';
import { admit, entriesOf, nobody, type RouterOf } from '@arcadium/mesh/contract';
import type { TRPCClient } from '@trpc/client';
import { expect } from 'vitest';
import type { TestMesh } from './mesh.ts';
import { newPerson } from './people.ts';

/** tRPC clients of all services. */
export interface StockClients {
  readonly auth: TRPCClient<RouterOf<typeof authContract>>;
  readonly notification: TRPCClient<RouterOf<typeof notificationContract>>;
  readonly wiki: TRPCClient<RouterOf<typeof wikiContract>>;
}

/** Test data: a page with a history, a child, a comment, and working and broken links. */
export type Written = Awaited<ReturnType<typeof writeSome>>;

/** Writes the test data. */
export async function writeSome(mesh: TestMesh) {
  const [ann, ben] = await Promise.all([newPerson(mesh, 'Ann'), newPerson(mesh, 'Ben')]);
  const first = await ann.wiki.pages.create.mutate({
    slug: 'tides',
    title: 'Tides',
    body: 'The moon pulls.\n',
  });
  const page = await ann.wiki.pages.update.mutate({
    id: first.id,
    revision: first.revision,
    body: '# Springtide\n\nThe moon and the sun pull. See [ebb](tides/ebb) and [flood](tides/flood).\n',
  });
  const child = await ann.wiki.pages.create.mutate({
    slug: 'tides/ebb',
    title: 'Ebb',
    body: 'Water goes.',
    parentId: page.id,
  });
  const comment = await ben.wiki.comments.create.mutate({ pageId: page.id, body: 'And the wind?' });
  return { ann, ben, page, child, comment };
}

/** The procedures that anyone may call, such as `wiki.pages.get`. */
export const publicProcedures: readonly string[] = [authContract, notificationContract, wikiContract].flatMap(
  (contract) =>
    entriesOf(contract)
      .filter(({ procedure }) => admit(procedure.access, nobody) === 'admitted')
      .map(({ path }) => `${contract.name}.${path}`),
);

type PublicCall = (clients: StockClients, written: Written) => Promise<[answer: unknown, expected: object]>;

/** A call of each, and the expected answer. */
export const publicCalls: Readonly<Record<string, PublicCall>> = {
  'auth.users.register': async ({ auth }) => {
    const email = `${randomUUID()}@example.com`;
    const account = await auth.users.register.mutate({ email, name: 'Cem', password: randomUUID() });
    return [account, { email, name: 'Cem', role: 'user', disabledAt: null }];
  },
  'auth.sessions.login': async ({ auth }) => {
    const credentials = { email: `${randomUUID()}@example.com`, password: randomUUID() };
    const { id } = await auth.users.register.mutate({ ...credentials, name: 'Dee' });
    const session = await auth.sessions.login.mutate(credentials);
    return [session, { accessToken: expect.stringMatching(/^ey/), user: { id, name: 'Dee' } }];
  },
  'auth.sessions.refresh': async ({ auth }) => {
    const { refreshToken } = await newSession(auth);
    const renewed = await auth.sessions.refresh.mutate({ refreshToken });
    return [
      [renewed.refreshToken === refreshToken, renewed],
      [false, { accessToken: expect.stringMatching(/^ey/), user: { name: 'Eve' } }],
    ];
  },
  'auth.sessions.logout': async ({ auth }) => {
    const { refreshToken } = await newSession(auth);
    const answers = [
      await auth.sessions.logout.mutate({ refreshToken }),
      await auth.sessions.refresh.mutate({ refreshToken }).catch((error: unknown) => error),
    ];
    return [answers, [{}, { data: { code: 'UNAUTHORIZED', error: { name: 'SESSION_ENDED' } } }]];
  },
  'wiki.pages.get': async ({ wiki }, { page }) => {
    const answers = [
      await wiki.pages.get.query({ slug: 'tides' }),
      await wiki.pages.get.query({ id: page.id }),
    ];
    return [answers, [page, page]];
  },
  'wiki.pages.list': async ({ wiki }, { page, child }) => {
    const { items } = await wiki.pages.list.query();
    const { nextCursor } = await wiki.pages.list.query({ limit: 1 });
    const rest = await wiki.pages.list.query({ limit: 1, cursor: nextCursor ?? 'none' });
    return [
      [items, rest],
      [[{ id: child.id }, { id: page.id }], { items: [{ id: page.id }], nextCursor: null }],
    ];
  },
  'wiki.pages.tree': async ({ wiki }, { page, child }) => {
    return [
      await wiki.pages.tree.query(),
      {
        items: [
          { id: page.id, depth: 0, hasChildren: true },
          { id: child.id, parentId: page.id, depth: 1, hasChildren: false },
        ],
        truncated: false,
      },
    ];
  },
  'wiki.pages.history': async ({ wiki }, { page, ann }) => {
    const { items } = await wiki.pages.history.query({ id: page.id });
    return [
      items.map(({ revision, authorId }) => [revision, authorId]),
      [
        [2, ann.id],
        [1, ann.id],
      ],
    ];
  },
  'wiki.pages.revision': async ({ wiki }, { page }) => {
    const revision = await wiki.pages.revision.query({ id: page.id, revision: 1 });
    return [revision, { revision: 1, title: 'Tides', body: 'The moon pulls.\n' }];
  },
  'wiki.pages.diff': async ({ wiki }, { page }) => {
    const diff = await wiki.pages.diff.query({ id: page.id, from: 1, to: 2 });
    return [diff, { removed: 1, patch: expect.stringContaining('-The moon pulls.') }];
  },
  'wiki.comments.list': async ({ wiki }, { page, comment }) => {
    return [
      await wiki.comments.list.query({ pageId: page.id }),
      {
        items: [comment],
        nextCursor: null,
      },
    ];
  },
  'wiki.links.backlinks': async ({ wiki }, { page }) => {
    const { items } = await wiki.links.backlinks.query({ slug: 'tides/ebb' });
    return [items.map(({ id }) => id), [page.id]];
  },
  'wiki.links.broken': async ({ wiki }, { page }) => {
    const { items } = await wiki.links.broken.query({ pageId: page.id });
    return [items, [{ pageId: page.id, slug: 'tides', target: 'tides/flood', text: 'flood' }]];
  },
  'wiki.links.orphans': async ({ wiki }, { page }) => {
    const { items } = await wiki.links.orphans.query();
    return [items.map(({ id }) => id), [page.id]];
  },
  'wiki.search.query': async ({ wiki }, { page }) => {
    const { items } = await wiki.search.query.query({ text: 'sun' });
    return [items, [{ page: { id: page.id }, excerpt: expect.stringContaining('<mark>sun</mark>') }]];
  },
  'wiki.search.suggest': async ({ wiki }, { page }) => {
    const { items } = await wiki.search.suggest.query({ text: 'tide' });
    return [items, [{ id: page.id, slug: 'tides', title: 'Tides' }]];
  },
  'wiki.index.list': async ({ wiki }) => {
    const { items } = await wiki.index.list.query({ prefix: 'sp' });
    return [items, [{ term: 'springtide', pages: 1 }]];
  },
  'wiki.index.get': async ({ wiki }, { page }) => {
    const { items } = await wiki.index.get.query({ term: 'springtide' });
    return [items, [{ pageId: page.id, kind: 'heading', anchor: 'springtide' }]];
  },
};

async function newSession(auth: StockClients['auth']) {
  const credentials = { email: `${randomUUID()}@example.com`, password: randomUUID() };
  await auth.users.register.mutate({ ...credentials, name: 'Eve' });
  return auth.sessions.login.mutate(credentials);
}
