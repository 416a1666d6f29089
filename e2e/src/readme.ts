import { spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './process.ts';

/** The commands that a section of the README shows: its first block of shell. @throws Error if it has none. */
export function readmeCommands(section: string): string {
  const text = readFileSync(join(root, 'README.md'), 'utf8');
  const [, after = ''] = text.split(`\n## ${section}\n`);
  const [, block] = /^```sh\n(.*?)^```$/ms.exec(after.split('\n## ')[0] ?? '') ?? [];
  if (block === undefined) throw new Error(`The README has no block of shell under "${section}"`);
  return block;
}

/**
 * Runs commands by bash, line by line as a reader would, and ends at the first
 * that fails; curl fails where the answer is an error.
 *
 * @returns What each curl answered with that was not taken up by another command.
 * @throws Error with everything that was printed when one fails, or when there is no curl.
 */
export async function runCommands(commands: string): Promise<string[]> {
  if (spawnSync('curl', ['--version']).error) {
    throw new Error(
      'This machine has no curl, which the README’s commands need: install it to run this test',
    );
  }
  // The same curl, but that it tells apart success and failure, and ends its answer with a line end.
  const curl = 'curl() { command curl --silent --show-error --fail-with-body "$@" && echo; }';
  const bash = spawn('bash', ['-euo', 'pipefail', '-c', `${curl}\n${commands}`], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  let complaints = '';
  bash.stdout.setEncoding('utf8').on('data', (chunk: string) => (output += chunk));
  bash.stderr.setEncoding('utf8').on('data', (chunk: string) => (complaints += chunk));
  const code = await new Promise((resolve) => bash.once('close', resolve));
  if (code !== 0) throw new Error(`bash ended with ${String(code)}:\n${output}\n${complaints}`);
  return output.trim().split('\n');
}
