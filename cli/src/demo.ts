import { randomBytes } from 'node:crypto';
import { readDocuments } from './demo/documents.ts';
import { createNarrator } from './demo/narrator.ts';
import { findMesh } from './demo/running-mesh.ts';
import { tellStory } from './demo/story.ts';
import { root } from './workspace.ts';

// npm run demo: a demo of all three services, on the running mesh or on one started for it. Exit code 0 only
// if every check passed.

const tell = createNarrator((line) => console.log(line));
const startedAt = performance.now();

const interrupted = new Promise<never>((_resolve, reject) => {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => reject(new Error(`${signal} came`)));
  }
});

try {
  await using mesh = await findMesh(interrupted);
  const at = (name: string): readonly string[] => {
    const url = mesh.urls.get(name);
    if (url === undefined) throw new Error(`.env has no address of ${name}; run "npm run setup"`);
    return url;
  };
  console.log(
    mesh.own
      ? 'A mesh was started for this story; it ends with it.'
      : `The mesh is already running, at ${[...mesh.urls.values()].flat().join(', ')}.`,
  );
  const documents = readDocuments(root, `demo-${randomBytes(3).toString('hex')}`);
  const addresses = { auth: at('auth'), wiki: at('wiki'), notification: at('notification') };
  await Promise.race([tellStory(addresses, documents, tell), interrupted]);
  console.log(`\nEvery check passed. ${((performance.now() - startedAt) / 1000).toFixed(1)} s in all.`);
} catch (error) {
  console.error(`\nThe story stopped: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
// A subscription or an interrupted call may still keep the process running.
process.exit();
