import { afterAll, beforeAll, describe } from 'vitest';
import { mesh, startOneMesh } from './one-mesh/mesh.ts';

// Suites that leave a mesh as it was, one after another on the same one: to start it takes as long as most of them do.
// Their order matters.

beforeAll(startOneMesh);
afterAll(() => mesh[Symbol.asyncDispose]());

// The only pages are its own.
describe('stock clients', async () => void (await import('./one-mesh/stock-clients.ts')));
// Nothing else may be written meanwhile: the denials of later suites are, in the background.
describe('bad input', async () => void (await import('./one-mesh/bad-input.ts')));
// All pages fit into one list.
describe('tokens', async () => void (await import('./one-mesh/tokens.ts')));
describe('a slow table', async () => void (await import('./one-mesh/slow-table.ts')));
describe('connections to the database', async () => void (await import('./one-mesh/connections.ts')));
describe('no writes', async () => void (await import('./one-mesh/no-writes.ts')));
describe('the notice of a lock', async () => void (await import('./one-mesh/lock-notice.ts')));
describe('a new administrator', async () => void (await import('./one-mesh/new-administrator.ts')));
describe('the story', async () => void (await import('./one-mesh/story.ts')));
// Auth signs with another key afterwards.
describe('another library', async () => void (await import('./one-mesh/other-library.ts')));
