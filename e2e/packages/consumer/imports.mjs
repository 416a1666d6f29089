import { register } from 'prom-client';

// Imports the mesh, and says what that changed in the process, besides what its dependencies change.

const seen = () => ({
  globals: Reflect.ownKeys(globalThis).map(String),
  listeners: process.eventNames().map((name) => `${String(name)} ${process.listenerCount(name)}`),
  resources: process.getActiveResourcesInfo(),
  metrics: register.getMetricsAsArray().map(({ name }) => name),
  environment: Object.keys(process.env),
});

const [, , ...doors] = process.argv;
for (const dependency of ['pino', 'undici', 'ws', 'zod']) await import(dependency);
const before = seen();
for (const door of doors) await import(door);
const after = seen();
const changes = Object.entries(after).flatMap(([what, list]) => {
  const rest = [...before[what]];
  return list
    .filter((item) => !rest.includes(item) || (rest.splice(rest.indexOf(item), 1), false))
    .map((item) => `${what}: ${item}`);
});
console.log(JSON.stringify(changes));
