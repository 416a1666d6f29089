import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { readEnvironment } from '@arcadium/mesh/config';

export const root = join(import.meta.dirname, '..');

/** The names of the services: every folder of `services/` with a `src/main.ts`. */
export function serviceNames(): string[] {
  return readdirSync(join(root, 'services')).filter((name) => existsSync(mainOf(name)));
}

/** The program of a service. */
export function mainOf(service: string): string {
  return join(root, 'services', service, 'src', 'main.ts');
}

/** Settings of a service: of the environment, of its own `.env` and of the shared one, in this order of precedence. */
export function settingsOf(service: string): Record<string, string> {
  return readEnvironment([root, join(root, 'services', service)]);
}

/** Where a service listens. */
export function urlOf(service: string): string {
  const setting = `${service.toUpperCase().replaceAll('-', '_')}_SERVICE_URL`;
  const url = settingsOf(service)[setting];
  if (url === undefined) throw new Error(`${setting} is not set: run "npm run setup"`);
  return url;
}
