import { createTRPCClient } from '@trpc/client';
import { meshLink } from '@arcadium/mesh/link';
import superjson from 'superjson';
import type { AppRouter } from './app.ts';

export function createClient(url: string | string[], token: string) {
  const headers = { authorization: `Bearer ${token}` };
  return createTRPCClient<AppRouter>({
    links: [meshLink({ url, transformer: superjson, headers, as: 'web' })],
  });
}
