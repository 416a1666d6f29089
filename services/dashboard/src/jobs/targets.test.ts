import { expect, test, vi } from 'vitest';
import { Targets } from './targets.ts';

test('each address of a host is a replica, of the family of the first; other URLs are one each', async () => {
  const asked: string[] = [];
  const watched = new Map([
    ['wiki', ['http://wiki:5000', 'http://localhost:5001']],
    ['auth', ['https://auth:8000']],
    ['gone', ['http://gone:1']],
    ['one', ['http://one:1']],
  ]);
  const targets = new Targets(watched, async (host) => {
    asked.push(host);
    if (host === 'auth')
      return [
        { address: '10.0.0.8', family: 4 },
        { address: '10.0.0.9', family: 4 },
      ];
    if (host === 'gone') throw new Error('not found');
    const second = { address: '10.0.0.2', family: 4 };
    if (host === 'one') return [second, { address: '::2', family: 6 }];
    return [second, { address: '10.0.0.1', family: 4 }, { address: '::1', family: 6 }];
  });
  expect(targets.current().map(({ url }) => url)).toContain('http://wiki:5000');
  await vi.waitFor(() =>
    expect(
      targets.current().map(({ service, url, servername = '' }) => `${service} ${url} ${servername}`.trim()),
    ).toEqual([
      'wiki http://10.0.0.1:5000',
      'wiki http://10.0.0.2:5000',
      'wiki http://localhost:5001',
      'auth https://10.0.0.8:8000 auth',
      'auth https://10.0.0.9:8000 auth',
      'gone http://gone:1',
      'one http://one:1',
    ]),
  );
  expect(asked.toSorted()).toEqual(['auth', 'gone', 'one', 'wiki']);
});
