import type { ErrorDescription } from '../contract/index.ts';
import type { Report } from './finding.ts';
import { compareSchemas } from './schema/compare-schema.ts';
import { same } from './schema/node.ts';

type Errors = readonly ErrorDescription[];

/** Compares the typed errors of a procedure. */
export function compareErrors({ old, next }: Readonly<{ old: Errors; next: Errors }>, report: Report): void {
  const news = new Map(next.map((one) => [one.name, one]));
  const known = new Set(old.map(({ name }) => name));
  for (const error of old) {
    const place = `errors.${error.name}`;
    const other = news.get(error.name);
    if (other) compareError({ old: error, next: other, place }, report);
    else {
      const renamed = next.find(
        ({ name, code, data }) => !known.has(name) && code === error.code && same(data, error.data),
      );
      if (renamed) {
        report('error-renamed', place, { old: error.name, next: renamed.name });
        known.add(renamed.name);
      } else report('error-removed', place, { old: error.code });
    }
  }
  for (const { name, code } of next)
    if (!known.has(name)) report('error-added', `errors.${name}`, { next: code });
}

function compareError(
  { old, next, place }: Readonly<{ old: ErrorDescription; next: ErrorDescription; place: string }>,
  report: Report,
): void {
  if (old.code !== next.code) report('error-code-changed', place, { old: old.code, next: next.code });
  if (old.message !== next.message) report('error-message-changed', place);
  compareSchemas({ old: old.data, next: next.data, place: `${place}.data` }, { direction: 'error', report });
}
