/** Whether the process that wrote a lock still runs: its id alone does not tell, since ids are given again. */
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { codeOf } from './file-layer.ts';

export type ProcessIdentity = {
  readonly pid: number;
  /** Start of this boot and, in it, of the process; null where the system does not tell. */
  readonly start: string | null;
  readonly host: string;
};

export interface Processes {
  readonly self: ProcessIdentity;
  /** Whether a process of this host runs. */
  isRunning(process: ProcessIdentity): boolean;
}

export const systemProcesses: Processes = {
  get self() {
    return { pid: process.pid, start: startOf(process.pid), host: hostname() };
  },
  isRunning({ pid, start }) {
    try {
      process.kill(pid, 0);
    } catch (error) {
      // EPERM: it runs, as another user.
      if (codeOf(error) === 'ESRCH') return false;
    }
    const now = startOf(pid);
    return start === null || now === null || start === now;
  },
};

/** Field 22 of /proc/<pid>/stat counts ticks since the boot; the name in field 2 may hold anything, so count from its end. */
function startOf(pid: number): string | null {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const ticks = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
    return ticks === undefined ? null : `${boot}/${ticks}`;
  } catch {
    return null;
  }
}
