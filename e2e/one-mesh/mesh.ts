import { randomUUID } from 'node:crypto';
import { startMesh, type TestMesh } from '../src/mesh.ts';

/** The administrator that auth creates at start. */
export const administrator = { ADMIN_EMAIL: 'root@example.com', ADMIN_PASSWORD: randomUUID() };

/** The mesh of the suites in `one-mesh.test.ts`. */
export let mesh: TestMesh;

/** Starts it at log level debug, so that each refusal is logged with all its fields. */
export async function startOneMesh(): Promise<void> {
  mesh = await startMesh({ LOG_LEVEL: 'debug', ...administrator });
}
