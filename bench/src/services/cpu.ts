import { readFileSync, readdirSync } from 'node:fs';

/** A tick of the kernel's clock in /proc, in microseconds: 100 a second on every Linux that Node runs on. */
const tickUs = 10_000;

/** CPU time that a process has used, user and system, in microseconds; NaN where the system does not say (/proc). */
export function cpuOf(pid: number): number {
  return statOf(pid)?.cpuUs ?? Number.NaN;
}

/** The same of a PostgreSQL: its postmaster and the sessions that it has, those that have ended included. */
export function cpuOfPostgres(postmaster: number): number {
  const own = statOf(postmaster);
  if (!own) return Number.NaN;
  const children = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => statOf(Number(name)) ?? [])
    .filter(({ parent }) => parent === postmaster);
  return own.withEndedUs + children.reduce((total, { cpuUs }) => total + cpuUs, 0);
}

function statOf(pid: number): { parent: number; cpuUs: number; withEndedUs: number } | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return undefined;
  }
  // See proc(5); the name, in brackets, may hold anything.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const field = (number: number) => Number(fields[number - 3]);
  const cpuUs = (field(14) + field(15)) * tickUs;
  return { parent: field(4), cpuUs, withEndedUs: cpuUs + (field(16) + field(17)) * tickUs };
}
