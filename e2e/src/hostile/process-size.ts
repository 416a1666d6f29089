import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** What a process holds in memory, in MiB: `VmRSS` of proc(5). Linux only. */
export function residentMiB(pid: number): number {
  const [, kibibytes] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  if (kibibytes === undefined) throw new Error(`/proc/${pid}/status names no VmRSS`);
  return Number(kibibytes) / 1024;
}

/** How many sockets it has open, listening ones included. Linux only. */
export function openSockets(pid: number): number {
  const folder = `/proc/${pid}/fd`;
  return readdirSync(folder).filter((name) => isSocket(`${folder}/${name}`)).length;
}

function isSocket(path: string): boolean {
  try {
    return readlinkSync(path).startsWith('socket:');
  } catch {
    // Closed since the folder was read.
    return false;
  }
}
