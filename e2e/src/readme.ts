import { spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { compileCacheOf, root } from './process.ts';

/** A fenced block of a document. */
export interface Block {
  /** Its place: the file, the heading above it, and its number in that section. */
  readonly place: string;
  readonly language: string;
  readonly text: string;
}

/** All fenced blocks of a document, in order. */
export function blocksOf(file: string): Block[] {
  const blocks: Block[] = [];
  let heading = '';
  let count = 0;
  const lines = readFileSync(join(root, file), 'utf8').matchAll(
    /^#+ (?<heading>[^\n]+)$|^```(?<language>\w*)\n(?<text>.*?)^```$/gms,
  );
  for (const { groups = {} } of lines) {
    if (groups['heading'] !== undefined) {
      heading = groups['heading'];
      count = 0;
    } else {
      count += 1;
      const { language = '', text = '' } = groups;
      blocks.push({ place: `${file}, ${heading}, ${count}`, language, text });
    }
  }
  return blocks;
}

/** The commands of a shell block: without comments and empty lines, with continued lines joined. */
export function commandsOf({ text }: Block): string[] {
  return text
    .replaceAll('\\\n', '')
    .split('\n')
    .map((line) => line.replace(/(^|\s)#.*$/, '').trim())
    .filter((line) => line !== '');
}

/**
 * Runs commands with bash, line by line, until one fails; curl fails if the answer is an error.
 *
 * @param options.cwd
 * @default the repository
 * @param options.env In addition to PATH and HOME.
 * @returns The lines of standard output: the answers of the curls that no other command consumed.
 * @throws Error with the output when a command fails, or when there is no curl.
 */
export async function runCommands(
  commands: string,
  { cwd = root, env = {} }: { cwd?: string; env?: Readonly<Record<string, string>> } = {},
): Promise<string[]> {
  if (spawnSync('curl', ['--version']).error) {
    throw new Error(
      'This machine has no curl, which the README’s commands need: install it to run this test',
    );
  }
  // curl that fails on error answers and ends its output with a line break.
  const curl = 'curl() { command curl --silent --show-error --fail-with-body "$@" && echo; }';
  const { PATH = '', HOME = '' } = process.env;
  const bash = spawn('bash', ['-euo', 'pipefail', '-c', `${curl}\n${commands}`], {
    cwd,
    env: { PATH, HOME, ...compileCacheOf(cwd), ...env },
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
