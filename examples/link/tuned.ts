import { createTRPCClient } from '@trpc/client';
import { exposition, isInDoubt, meshLink } from '@arcadium/mesh/link';
import superjson from 'superjson';
import type { Express } from 'express';
import type { AppRouter } from './app.ts';

/** A client of several endpoints, which says which mutations may be repeated, and how long it waits. */
export function createClient(url: readonly string[], token: () => string) {
  return createTRPCClient<AppRouter>({
    links: [
      meshLink({
        url,
        transformer: superjson,
        headers: () => ({ authorization: `Bearer ${token()}` }),
        as: 'web',
        name: 'pages',
        idempotent: (path) => path === 'pages.rename',
        timeoutMs: 1000,
        deadlineMs: 30_000,
        retryPolicy: { attempts: 6, baseMs: 250, jitter: 0.2 },
        breaker: { longestProbeAfterMs: 1000 },
      }),
    ],
  });
}

type Client = ReturnType<typeof createClient>;

/** One call with its own limits. */
export function listSlowly(client: Client, signal: AbortSignal) {
  return client.pages.list.query(undefined, {
    signal,
    context: { timeoutMs: 20_000, deadlineMs: 60_000, headers: { 'x-priority': 'low' } },
  });
}

/** Creates a page, and looks whether it was created if no answer came. */
export async function createPage(client: Client, page: { slug: string; title: string }) {
  try {
    return await client.pages.create.mutate(page);
  } catch (error) {
    if (isInDoubt(error)) return await client.pages.get.query({ slug: page.slug });
    throw error;
  }
}

/** Serves the metrics of the link beside the app's own routes. */
export function serveMetrics(app: Express) {
  app.get('/metrics', async (_request, response) => {
    const { text, contentType } = await exposition();
    response.type(contentType).send(text);
  });
}
