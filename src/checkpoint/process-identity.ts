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
    return { pid: process.pid, start: statusOf(process.pid)?.start ?? null, host: hostname() };
  },
  isRunning({ pid, start }) {
    try {
      process.kill(pid, 0);
    } catch (error) {
      // EPERM: it runs, as another user.
      if (codeOf(error) === 'ESRCH') return false;
    }
    const now = statusOf(pid);
    if (now === null) return true;
    return !now.isDead && (start === null || start === now.start);
  },
};

type Status = {
  readonly start: string;
  /** It was killed, and whoever started it has not asked how it ended. */
  readonly isDead: boolean;
};

/**
 * From /proc/<pid>/stat: field 22 counts ticks since the boot, field 3 is the state. The name in field 2 may hold anything, so
 * they are counted from its end. Null where the system does not tell.
 */
function statusOf(pid: number): Status | null {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const ticks = fields[19];
    return ticks === undefined
      ? null
      : { start: `${boot}/${ticks}`, isDead: /[ZXx]/.test(fields[0]!) };
  } catch {
    return null;
  }
}
