import type { Command } from 'commander';
import { categories, type CheckId } from '../doctor/check-id.ts';
import { diagnose, isChosen } from '../doctor/diagnose.ts';
import { asJson, asJsonList, asText, asTextList, exitCodeOf } from '../doctor/report.ts';
import { checks } from '../doctor/table.ts';
import { thisCheckout } from '../workspace.ts';
import { noSuch } from './choices.ts';

interface Options {
  category: string[];
  only: string[];
  patience: string;
  list?: boolean;
  json?: boolean;
}

/** `doctor [--category <names…>] [--only <ids…>] [--json]`. */
export function doctor(self: Command): Command {
  return self
    .option('--category <names...>', `only these: ${categories.join(', ')}`, [])
    .option('--only <ids...>', 'only these checks', [])
    .option('--patience <seconds>', 'longest wait for an answer of a service or a database', '2')
    .option('--list', 'show the checks, and make none')
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      `
It changes nothing, and works on a mesh that runs, runs in part, or does not run.

Exit codes: 0 no errors, 1 errors were found, 2 something could not be checked.
Every check and its remedy: docs/doctor.md

Examples:
  npm run mesh -- doctor
  npm run mesh -- doctor --category database roles migrations
  npm run mesh -- doctor --only keys.ending-token --json`,
    )
    .action(async ({ category, only, patience, list = false, json = false }: Options) => {
      try {
        const chosen = chosenOf(category, only);
        if (list) {
          const listed = checks.filter(({ id }) => isChosen(id, chosen));
          console.log(json ? asJsonList(listed) : asTextList(listed));
          return;
        }
        const seconds = Number(patience);
        if (!(seconds > 0)) throw new Error(`--patience takes seconds, not ${patience}`);
        const diagnosis = await diagnose({ ...thisCheckout, only: chosen, patienceMs: seconds * 1000 });
        console.log(
          json ? asJson(diagnosis) : asText(diagnosis, process.stdout.isTTY && process.stdout.hasColors()),
        );
        process.exitCode = exitCodeOf(diagnosis);
      } catch (error) {
        process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
        process.exitCode = 2;
      }
    });
}

/** @throws Error with the known names. */
function chosenOf(category: readonly string[], only: readonly string[]): CheckId[] | undefined {
  for (const given of category)
    if (!categories.some((name) => name === given)) throw noSuch('category', given, { choices: categories });
  for (const given of only)
    if (!checks.some(({ id }) => id === given))
      throw noSuch('check', given, {
        choices: checks.map(({ id }) => id).filter((id) => id.startsWith(given.split('.')[0] ?? '')),
        advice: '"npm run mesh -- doctor --list" shows all',
      });
  if (category.length + only.length === 0) return undefined;
  return checks
    .map(({ id }) => id)
    .filter((id) => only.includes(id) || category.some((name) => id.startsWith(`${name}.`)));
}
