import { request } from 'undici';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { anyone, contract, query } from '../../contract/index.ts';
import { createTestIdentity, silentLogger } from '../../testing/index.ts';
import { serve } from '../index.ts';

const page = contract('page', {
  less: query({ summary: 'Less', output: z.null(), access: anyone }),
});
const found = (text: string) => ({ status: 200, text, headers: { 'content-type': 'text/plain' } });

test('an exact path wins, then the longest prefix; what a prefix does not have is not found', async () => {
  const { authenticate } = await createTestIdentity();
  const service = await serve(
    page,
    { less: async () => null },
    {
      version: '1',
      port: 0,
      log: silentLogger,
      authenticate,
      pingDatabase: async () => {},
      routes: {
        '/': () => found('home'),
        '/*': ({ url = '' }) => (url.startsWith('/views/') ? found('any') : undefined),
        '/assets/*': ({ url = '' }) => ({
          status: 200,
          text: new TextEncoder().encode(`bytes of ${url}`),
          headers: { 'content-type': 'font/woff2' },
        }),
        '/assets/own': () => found('exact'),
      },
    },
  );
  service.ready();
  const open = async (path: string, accept = '*/*', method: 'GET' | 'POST' = 'GET') => {
    const answer = await request(service.url + path, { headers: { accept }, method });
    return `${answer.statusCode} ${await answer.body.text()}`;
  };
  try {
    expect(await open('/assets/own')).toBe('200 exact');
    expect(await open('/assets/a.woff2?x')).toBe('200 bytes of /assets/a.woff2?x');
    expect(await open('/views/one')).toBe('200 any');
    expect(await open('/views/one', '*/*', 'POST')).toMatch(/^405 /);
    expect(await open('/metrix')).toMatch(/^404 .*Did you mean .*\/metrics/);
    expect(await open('/livez')).toMatch(/^200 .*alive/);
    expect(await open('/trpc/less')).toMatch(/^200 .*null/);
    expect(await open('/', 'text/html')).toBe('200 home');
    const door = await open('/');
    expect(door).toContain('"service":"page"');
    expect(door).toContain('"/assets/own"');
    expect(door).not.toContain('*"');
  } finally {
    await service.stop();
  }
});
