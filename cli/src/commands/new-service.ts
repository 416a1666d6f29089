import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { InvalidArgumentError } from 'commander';
import { appTemplate, checkServiceName, readTemplate, writeFiles } from 'create-arcadium';
import { root, urlSetting } from '../workspace.ts';
import { examples } from './examples.ts';

/** `new service <name> [--port <port>]`. */
export function newService(self: Command): Command {
  return examples(self, 'new service invoices')
    .argument('<name>', 'lower-case letters and digits, such as invoices')
    .option('--port <port>', 'where it listens (default: the first free one from 5001)', portNumber)
    .action((name: string, { port = freePort() }: { port?: number }) => {
      const files = createService(name, port);
      console.log(
        `Created ${name} at http://localhost:${port}:\n${files.map((file) => `  ${file}`).join('\n')}`,
      );
      console.log('Now run: npm install && npm run generate, then npm run dev. See docs/new-service.md');
    });
}

/** What this repository has instead of the files of `create-arcadium`, or besides them. */
const overlay = join(import.meta.dirname, '../../service-template');

/** The name of the service in both templates, and where it listens. */
const model = 'inventory';
const modelUrl = 'http://localhost:5001';

/** The first port that is proposed. */
const firstPort = 5001;

/** Files of the app that a service here has too. */
const shared = new Set([
  `contracts/${model}.ts`,
  `services/${model}/src/main.ts`,
  `services/${model}/src/router.ts`,
  `services/${model}/src/${model}.test.ts`,
  `services/${model}/src/procedures/deps.ts`,
  `services/${model}/src/procedures/items/add-item.ts`,
]);

/**
 * Writes the files of a service, makes it known to the packages `contracts` and `prisma`, and lists its address in
 * `.env.example`.
 *
 * @returns The paths of new and changed files.
 * @throws CreateError NAME_INVALID; Error if there is such a service, or the name or the port belongs to something else.
 */
function createService(name: string, port: number): string[] {
  checkServiceName(name);
  requireFree(name, port);
  const title = `${name.slice(0, 1).toUpperCase()}${name.slice(1)}`;
  const replace = {
    [`#contracts/${model}`]: `@arcadium/contracts/${name}`,
    [modelUrl]: `http://localhost:${port}`,
    [model]: name,
    Inventory: title,
    INVENTORY: name.toUpperCase(),
  };
  const files = readTemplate(appTemplate, { replace, without: ['pricing'], place });
  for (const [path, text] of readTemplate(overlay, { replace })) files.set(path, text);
  writeFiles(root, files);
  const exported = { contracts: `./src/${name}.ts`, prisma: `./${name}/generated/client.ts` };
  for (const [folder, path] of Object.entries(exported)) addExport(folder, `./${name}`, path);
  addSetting(name, port);
  const written = [...files.keys()];
  format(written.filter((path) => path.endsWith('.ts')));
  return [...written, ...Object.keys(exported).map((folder) => `${folder}/package.json`), '.env.example'];
}

/** Formats files: with another name, lines have another length. */
function format(paths: readonly string[]): void {
  execFileSync(process.execPath, [join(root, 'node_modules/oxfmt/bin/oxfmt'), ...paths], { cwd: root });
}

/** Where a file of the app goes in this repository. */
function place(path: string): string | undefined {
  return shared.has(path) ? path.replace(/^contracts\//, 'contracts/src/') : undefined;
}

/** @throws Error if the name or the port is taken. */
function requireFree(name: string, port: number): void {
  const takenBy = [
    `services/${name}`,
    `prisma/${name}`,
    `contracts/src/${name}.ts`,
    `contracts/src/${name}`,
    name,
  ];
  const found = takenBy.find((path) => existsSync(join(root, path)));
  if (found !== undefined) throw new Error(`There is already ${found}: choose another name`);
  if (usedPorts().has(port))
    throw new Error(`Port ${port} belongs to another service: choose another one with --port`);
}

/** The ports in `.env.example`, where every setting of this repository is listed. */
function usedPorts(): Set<number> {
  const urls = readFileSync(join(root, '.env.example'), 'utf8').matchAll(/^#? ?\w+=.*?:(\d{2,5})\b/gm);
  return new Set([...urls].map(([, port]) => Number(port)));
}

function freePort(): number {
  const used = usedPorts();
  let port = firstPort;
  while (used.has(port)) port += 1;
  return port;
}

function portNumber(text: string): number {
  const port = Number(text);
  if (Number.isInteger(port) && port > 0 && port < 65_536) return port;
  throw new InvalidArgumentError('It must be a number from 1 to 65535.');
}

/** Publishes a module of a package of this repository. */
function addExport(folder: string, door: string, path: string): void {
  const file = join(root, folder, 'package.json');
  const manifest = JSON.parse(readFileSync(file, 'utf8')) as { exports: Record<string, string> };
  manifest.exports[door] = path;
  writeFileSync(file, `${JSON.stringify(manifest, undefined, 2)}\n`);
}

/** Adds the address after the last one. */
function addSetting(name: string, port: number): void {
  const file = join(root, '.env.example');
  const lines = readFileSync(file, 'utf8').split('\n');
  const last = lines.findLastIndex((line) => /^\w+_SERVICE_URL=/.test(line));
  const comment = `# Address of ${name}, and the port it listens on: http://host:port, or several endpoints`;
  lines.splice(last + 1, 0, comment, `${urlSetting(name)}=http://localhost:${port}`);
  writeFileSync(file, lines.join('\n'));
}
