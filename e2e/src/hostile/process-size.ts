import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** Memory of a process in MiB: `VmRSS` of proc(5). Linux only. */
export function residentMiB(pid: number): number {
  const [, kibibytes] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  if (kibibytes === undefined) throw new Error(`/proc/${pid}/status names no VmRSS`);
  return Number(kibibytes) / 1024;
}

/** Number of open sockets, including listening ones. Linux only. */
export function openSockets(pid: number): number {
  const folder = `/proc/${pid}/fd`;
  return readdirSync(folder).filter((name) => isSocket(`${folder}/${name}`)).length;
}

function isSocket(path: string): boolean {
  try {
    return readlinkSync(path).startsWith('socket:');
  } catch {
    // Closed in the meantime.
    return false;
  }
}
