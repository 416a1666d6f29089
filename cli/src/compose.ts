import { commandLog } from './command-log.ts';
import { compose, engineProblem } from './compose/engine.ts';
import { writeBackupKey } from './compose/backup-key.ts';
import { writeCertificates } from './compose/certificates.ts';
import { writeComposeEnvironment } from './compose/environment.ts';
import { table, waitUntilHealthy } from './health.ts';
import { makeEnvironment } from './setup/make-environment.ts';
import { root, serviceUrls } from './workspace.ts';

// npm run compose                        from nothing to a healthy mesh in containers
// npm run compose -- --scale wiki=3      the same, with options of `docker compose up`
// npm run compose -- dev                 the same, on the sources of this checkout, with reload
// npm run compose -- down                ends it; as every other word, it is docker compose's own

const [command, ...rest] = process.argv.slice(2);

try {
  const problem = engineProblem();
  if (problem !== undefined) throw new Error(problem);
  if (command === undefined || command.startsWith('-'))
    process.exitCode = await bringUp(process.argv.slice(2));
  else if (command === 'dev') process.exitCode = await bringUp(rest, ['docker-compose.dev.yml']);
  else process.exitCode = compose([command, ...rest]);
} catch (error) {
  console.error(
    `The mesh cannot run in containers: ${error instanceof Error ? error.message : String(error)}`,
  );
  process.exitCode = 1;
}

async function bringUp(options: string[], overlays: string[] = []): Promise<number> {
  await makeEnvironment(root, commandLog('setup'));
  // Containers follow their certificates.
  writeCertificates(root);
  await writeBackupKey(root);
  const written = writeComposeEnvironment(root, process.env);
  // Containers keep the secrets they were created with.
  const renewed = written.some((path) => path.startsWith('docker/secrets/')) ? ['--force-recreate'] : [];
  const startedAt = performance.now();
  const up = ['up', '--build', '--detach', '--wait', '--wait-timeout', '180', ...renewed, ...options];
  const code = compose(up, overlays);
  if (code !== 0) {
    console.error('\nNot all of the mesh is healthy; see `npm run compose -- logs`.');
    return code;
  }
  const { healthy, services } = await waitUntilHealthy(serviceUrls(), 10_000);
  console.log(`\n${table(services)}\n`);
  if (!healthy) {
    console.error('The containers are healthy, but not all of them answer at the addresses in .env.');
    return 1;
  }
  console.log(`Up after ${((performance.now() - startedAt) / 1000).toFixed(1)} s, including the build. The same addresses with
https are signed by docker/secrets/tls/ca.crt. Try next:
  npm run demo                     one story through all three services
  npm run compose -- logs -f       what they log
  npm run compose -- ps            how they are
  npm run compose -- down          stops it; with --volumes, its data too`);
  return 0;
}
