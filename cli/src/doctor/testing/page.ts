import { categories } from '../check-id.ts';
import type { Check } from '../check.ts';

/** The checks as docs/doctor.md has them: a line each, with its id as an anchor. */
export function pageOf(checks: readonly Check[]): string {
  return categories
    .map((category) => {
      const own = checks.filter(({ id }) => id.startsWith(`${category}.`));
      const lines = own.map(
        ({ id, severity, title, remedy }) =>
          `- <a id="${id}"></a>\`${id}\` (${severity}): ${title}. Otherwise: ${remedy}`,
      );
      return [`## ${category}`, '', ...lines].join('\n');
    })
    .join('\n\n');
}
