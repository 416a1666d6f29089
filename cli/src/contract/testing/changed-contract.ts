import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { root } from '../../workspace.ts';

/** A copy of the repository's contracts, with changes to the file of notification; everything else is the same. */
export function withNotificationContract(...changes: readonly (readonly [string, string])[]): string {
  const copy = mkdtempSync(join(tmpdir(), 'arcadium-contracts-'));
  onTestFinished(() => rmSync(copy, { recursive: true }));
  for (const folder of ['services', 'node_modules']) symlinkSync(join(root, folder), join(copy, folder));
  cpSync(join(root, 'contracts'), join(copy, 'contracts'), { recursive: true });
  const path = join(copy, 'contracts/src/notification.ts');
  let text = readFileSync(path, 'utf8');
  for (const [from, to] of changes) {
    if (!text.includes(from)) throw new Error(`${path} does not contain ${from}`);
    text = text.replaceAll(from, to);
  }
  writeFileSync(path, text);
  return copy;
}
