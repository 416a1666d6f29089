import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { join } from 'node:path';

/**
 * Generates the database clients with turbo, which caches them; prints nothing on success.
 *
 * @throws Error with the output, on failure.
 */
export async function generateClients(root: string): Promise<void> {
  const turbo = createRequire(join(root, 'package.json')).resolve('turbo/bin/turbo');
  const child = spawn(process.execPath, [turbo, 'run', 'generate', '--output-logs=errors-only'], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const printed: string[] = [];
  for (const output of [child.stdout, child.stderr])
    output.setEncoding('utf8').on('data', (text: string) => printed.push(text));
  const code = await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (code !== 0) throw new Error(`The database clients could not be generated:\n${printed.join('').trim()}`);
}
