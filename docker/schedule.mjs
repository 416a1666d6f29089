// node docker/schedule.mjs <hours> <module> <argument>…
//
// Runs a module with Node now, and again every so many hours, in a container that has no cron. A run that fails is not
// repeated before its time: it has said why.

import { spawn } from 'node:child_process';

const [hours, ...command] = process.argv.slice(2);
const everyMs = Number(hours) * 3_600_000;
if (!(everyMs > 0)) throw new Error(`"${hours}" is not a number of hours`);

let child;
let timer;
const run = () => {
  const startedAt = Date.now();
  child = spawn(process.execPath, command, { stdio: 'inherit' });
  child.on('exit', (code) => {
    child = undefined;
    // A timer waits for at most 24.8 days; a longer interval is a mistake.
    timer = setTimeout(run, Math.max(0, startedAt + Math.min(everyMs, 2 ** 31 - 1) - Date.now()));
    if (code !== 0) process.stderr.write(`The run ended with ${code}; the next one is in ${hours} hours\n`);
  });
};
process.on('SIGTERM', () => {
  clearTimeout(timer);
  child?.removeAllListeners('exit').kill('SIGTERM');
});
run();
