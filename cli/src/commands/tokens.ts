import type { AuthClient } from './administrator.ts';

type Token = Awaited<ReturnType<AuthClient['serviceTokens']['list']['query']>>['items'][number];

/** Reads all tokens that auth knows, or those of one service, newest first. */
export async function allTokens(auth: AuthClient, service?: string): Promise<Token[]> {
  const list = (cursor?: string) =>
    auth.serviceTokens.list.query({
      limit: 100,
      ...(service !== undefined && { service }),
      ...(cursor !== undefined && { cursor }),
    });
  let page = await list();
  const items = [...page.items];
  while (page.nextCursor !== null) {
    page = await list(page.nextCursor);
    items.push(...page.items);
  }
  return items;
}
