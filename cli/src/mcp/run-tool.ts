import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { join } from 'node:path';
import { root } from '../workspace.ts';

/** Longest run of a command, in milliseconds. */
const longestMs = 60_000;

/** The largest result, in characters. */
const largest = 1_000_000;

/** What a tool has said. */
export interface ToolResult {
  text: string;
  isError: boolean;
}

/**
 * Runs a command in a process of its own.
 *
 * @param words Of the command line.
 * @param environment In addition to the one of this process.
 * @returns What it printed, also if it ended with 1 because of that; or the error in a line.
 */
export async function runTool(
  words: readonly string[],
  { environment, signal }: { environment: Readonly<Record<string, string>>; signal: AbortSignal },
): Promise<ToolResult> {
  const ended = AbortSignal.any([signal, AbortSignal.timeout(longestMs)]);
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', join(root, 'cli/src/mesh.ts'), ...words],
    { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...environment }, signal: ended },
  );
  const code = new Promise<number | null>((resolve, reject) => {
    child.once('close', resolve);
    child.once('error', reject);
  });
  try {
    const [out, err] = await Promise.all([text(child.stdout), text(child.stderr), code]);
    if (out.length > largest) return failure('The answer is too large: narrow it');
    return out === '' && (await code) !== 0 ? failure(err.trim()) : { text: out.trim(), isError: false };
  } catch (error) {
    if (!ended.aborted) throw error;
    return failure(`The command did not end within ${longestMs / 1000} s, or was cancelled`);
  }
}

function failure(message: string): ToolResult {
  return { text: message, isError: true };
}
