import type { TestMesh } from './mesh.ts';
import { startNode } from './process.ts';

/** Runs `npm run demo` on a mesh. @returns Its exit code and output. */
export async function tellStory(mesh: TestMesh): Promise<[code: number | string, output: string]> {
  const demo = startNode('cli/src/demo.ts', {
    PUBLIC_KEYS: mesh.environment('auth')['PUBLIC_KEYS'] ?? '',
    AUTH_SERVICE_URL: mesh.url('auth'),
    NOTIFICATION_SERVICE_URL: mesh.url('notification'),
    WIKI_SERVICE_URL: mesh.url('wiki'),
  });
  const code = await demo.ended;
  return [code, demo.output()];
}
