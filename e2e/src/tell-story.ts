import { expect } from 'vitest';
import type { TestMesh } from './mesh.ts';
import { startNode } from './process.ts';

/** Runs the story of `npm run demo` on a mesh, and expects that each of its steps holds. */
export async function tellStory(mesh: TestMesh): Promise<void> {
  const demo = startNode('cli/src/demo.ts', {
    PUBLIC_KEYS: mesh.environment('auth')['PUBLIC_KEYS'] ?? '',
    AUTH_SERVICE_URL: mesh.url('auth'),
    NOTIFICATION_SERVICE_URL: mesh.url('notification'),
    WIKI_SERVICE_URL: mesh.url('wiki'),
  });
  const code = await demo.ended;
  expect([code, demo.output()]).toEqual([0, expect.stringContaining('Every step held')]);
}
