import { expect, test } from 'vitest';
import { startNode } from '../src/process.ts';
import { mesh } from './mesh.ts';

test.each(['the first time', 'and once more'])(
  'the story holds, %s',
  async () => {
    const demo = startNode('cli/src/demo.ts', {
      PUBLIC_KEYS: mesh.environment('auth')['PUBLIC_KEYS'] ?? '',
      AUTH_SERVICE_URL: mesh.url('auth'),
      NOTIFICATION_SERVICE_URL: mesh.url('notification'),
      WIKI_SERVICE_URL: mesh.url('wiki'),
    });
    const code = await demo.ended;
    expect([code, demo.output()]).toEqual([0, expect.stringContaining('Every step held')]);
  },
  60_000,
);
