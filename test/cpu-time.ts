/** What something takes of the processor, which does not depend on who else wants it. */

/** Since `process.cpuUsage()` gave this, by all threads of the process, in ms. */
export function cpuMs(since: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(since);
  return (user + system) / 1000;
}
