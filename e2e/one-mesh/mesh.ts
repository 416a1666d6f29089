import { randomUUID } from 'node:crypto';
import { startMesh, type TestMesh } from '../src/mesh.ts';

/** Whom auth makes an administrator when it starts. */
export const administrator = { ADMIN_EMAIL: 'root@example.com', ADMIN_PASSWORD: randomUUID() };

/** Runs while the suites of `one-mesh.test.ts` do. */
export let mesh: TestMesh;

/** Starts it, at debug, so that each refusal is logged with all that its log line ever holds. */
export async function startOneMesh(): Promise<void> {
  mesh = await startMesh({ LOG_LEVEL: 'debug', ...administrator });
}
