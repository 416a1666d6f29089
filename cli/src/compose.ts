import { createLogger } from '@arcadium/mesh/telemetry';
import { compose, engineProblem } from './compose/engine.ts';
import { writeComposeEnvironment } from './compose/environment.ts';
import { table, waitUntilHealthy } from './health.ts';
import { makeEnvironment } from './setup/make-environment.ts';
import { root, serviceUrls } from './workspace.ts';

// npm run compose              from nothing to a healthy mesh in containers
// npm run compose -- dev       the same, on the sources of this checkout, with reload
// npm run compose -- down      ends it; as every other word, it is docker compose's own

const [command, ...rest] = process.argv.slice(2);

const problem = engineProblem();
if (problem !== undefined) {
  console.error(`The mesh cannot run in containers: ${problem}`);
  process.exit(1);
}

if (command === undefined || command === 'dev')
  await bringUp(command === 'dev' ? ['docker-compose.dev.yml'] : []);
else process.exitCode = compose([command, ...rest]);

async function bringUp(overlays: string[]): Promise<void> {
  await makeEnvironment(root, createLogger({ service: 'setup', level: 'warn' }), {});
  writeComposeEnvironment(root);
  const startedAt = performance.now();
  const code = compose(['up', '--build', '--detach', '--wait', '--wait-timeout', '120', ...rest], overlays);
  if (code !== 0) {
    console.error('\nNot all of the mesh is healthy: `npm run compose -- logs` says why.');
    process.exit(code);
  }
  const { services } = await waitUntilHealthy(serviceUrls(), 10_000);
  console.log(`\n${table(services)}\n`);
  console.log(`Up after ${((performance.now() - startedAt) / 1000).toFixed(1)} s, the build included. Try next:
  npm run demo                     one story through all three services
  npm run compose -- logs -f       what they log
  npm run compose -- ps            how they are
  npm run compose -- down          ends it; with --volumes, its data too`);
}
