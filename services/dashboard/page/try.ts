import { createServer } from 'vite';
import { serveSimulatedMesh } from '../src/testing/simulated-mesh.ts';

// npm run page: the page on a simulated mesh, with reload. `node page/try.ts 100 300` for a large one.

const [services = 6, edges = 9] = process.argv.slice(2).map(Number);
const mesh = await serveSimulatedMesh({ services, edges });
const server = await createServer({
  configFile: `${import.meta.dirname}/vite.config.ts`,
  server: { proxy: { '/trpc': { target: mesh.url, ws: true } } },
});
await server.listen();
server.printUrls();
process.stdout.write('Type "kill wiki", "revive wiki" or "fail notification", and Enter.\n');
process.stdin.on('data', (text) => {
  const [verb, service = ''] = text.toString().trim().split(' ');
  if (verb === 'kill') mesh.kill(service);
  else if (verb === 'revive') mesh.revive(service);
  else if (verb === 'fail') process.stdout.write(`${mesh.failCall(service)}\n`);
});
