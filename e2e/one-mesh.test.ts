import { afterAll, beforeAll, describe } from 'vitest';
import { mesh, startOneMesh } from './one-mesh/mesh.ts';

// Suites that leave a mesh as it was run one after another on the same mesh, because a start takes as long as
// most of them. Their order matters.

beforeAll(startOneMesh);
afterAll(() => mesh[Symbol.asyncDispose]());

// Requires that its own pages are the only ones.
describe('stock clients', async () => void (await import('./one-mesh/stock-clients.ts')));
// Nothing else may be written meanwhile; denials in later suites are written in the background.
describe('bad input', async () => void (await import('./one-mesh/bad-input.ts')));
// Requires that all pages fit into one list.
describe('tokens', async () => void (await import('./one-mesh/tokens.ts')));
// Before suites that do what alerts are for.
describe('Prometheus', async () => void (await import('./one-mesh/prometheus.ts')));
describe('a slow table', async () => void (await import('./one-mesh/slow-table.ts')));
describe('connections to the database', async () => void (await import('./one-mesh/connections.ts')));
describe('no writes', async () => void (await import('./one-mesh/no-writes.ts')));
describe('the notice of a lock', async () => void (await import('./one-mesh/lock-notice.ts')));
describe('a new administrator', async () => void (await import('./one-mesh/new-administrator.ts')));
describe('the story', async () => void (await import('./one-mesh/story.ts')));
describe('the examples of the contracts', async () => void (await import('./one-mesh/examples.ts')));
// Afterwards auth signs with another key.
describe('another library', async () => void (await import('./one-mesh/other-library.ts')));
