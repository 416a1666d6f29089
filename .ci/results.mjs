/**
 * What the tests of a run came to, from the JSON reports of vitest.
 * A file that was run again counts as it was the last time.
 *
 *   node results.mjs failed REPORT   the files with a failure, one a line
 *   node results.mjs sum FOLDER      "N passed, N failed"; ends with 1 if any failed, or a run had none
 */
import { readdirSync, readFileSync } from 'node:fs';
import { relative } from 'node:path';

const [, , question, path] = process.argv;
const reports =
  question === 'failed'
    ? [path]
    : readdirSync(path)
        .filter((name) => name.endsWith('.json'))
        .toSorted()
        .map((name) => `${path}/${name}`);

/** By file, as it was the last time; reports are named so that they sort in the order of their runs. */
const files = new Map();
let empty = false;
for (const file of reports) {
  const report = JSON.parse(readFileSync(file, 'utf8'));
  empty ||= report.numTotalTests === 0;
  for (const result of report.testResults) files.set(relative('', result.name), result);
}

const failed = [...files].filter(([, { status }]) => status === 'failed').map(([name]) => name);
if (question === 'failed') {
  for (const name of failed) console.log(name);
} else {
  const tests = [...files.values()].flatMap(({ assertionResults }) => assertionResults);
  const count = (wanted) => tests.filter(({ status }) => status === wanted).length;
  const skipped = tests.length - count('passed') - count('failed');
  // A file that could not even be begun has a failure, and no test.
  const failures = Math.max(count('failed'), failed.length);
  console.log(`${count('passed')} passed, ${failures} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
  process.exitCode = failures > 0 || empty || tests.length === 0 ? 1 : 0;
}
