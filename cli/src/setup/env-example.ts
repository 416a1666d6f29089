import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A setting as documented in `.env.example`. */
export interface DocumentedSetting {
  readonly name: string;
  /** The heading above it: the file it belongs to. */
  readonly place: string;
  readonly explanation: string;
  readonly value: string;
}

export function readEnvExample(root: string): DocumentedSetting[] {
  const settings: DocumentedSetting[] = [];
  let place = '';
  let explanation = '';
  for (const line of readFileSync(join(root, '.env.example'), 'utf8').split('\n')) {
    const heading = /^# ── (.+?) ─+$/.exec(line)?.[1];
    const [, name, value = ''] = /^([A-Z_<>]+)=(.*)$/.exec(line) ?? [];
    if (heading !== undefined) place = heading;
    if (name !== undefined) settings.push({ name, place, explanation, value });
    explanation = heading === undefined && line.startsWith('# ') ? line.slice(2) : '';
  }
  return settings;
}
