/**
 * One process at a time: the file `lock` names who uses a directory.
 *
 *   {"pid":4711,"start":"<boot>/<ticks>","host":"name","id":"8 hexadecimal digits"}
 *
 * A lock whose process is gone is taken over. Of several that want to, one may: who first makes the file
 * `lock-after-<id>` of the lock that is stale. Only that one replaces the lock, and only after it has seen that it
 * is still the same. Should it die before, whoever comes next makes the file `lock-after-<id>` of its claim. Files
 * come whole (`FileLayer.createWhole`); one that cannot be read is what a power loss has left.
 */
import { basename, join } from 'node:path';
import { EngineError } from '../base/errors.ts';
import { randomId } from '../base/random-id.ts';
import type { FileLayer } from './file-layer.ts';
import { type Processes, type ProcessIdentity, systemProcesses } from './process-identity.ts';
import { DRAFT_SUFFIX } from './system-files.ts';

export const LOCK_NAME = 'lock';

const CLAIM = `${LOCK_NAME}-after-`;

/** Whether a file is what somebody left who died while it took a lock. */
export function isLeftOfLock(name: string): boolean {
  return name.startsWith(CLAIM) || (name.startsWith(LOCK_NAME) && name.endsWith(DRAFT_SUFFIX));
}

type Owner = ProcessIdentity & { readonly id: string };

/** Process id in a file that cannot be read; its name serves as the id. */
const NOBODY = 0;

/** A directory that this process has for itself until `release`. */
export class DirectoryLock {
  readonly #files: FileLayer;
  readonly #path: string;
  readonly #owner: Owner;

  private constructor(files: FileLayer, path: string, owner: Owner) {
    this.#files = files;
    this.#path = path;
    this.#owner = owner;
  }

  /** Takes the lock of a directory; EngineError CHECKPOINT_LOCKED when somebody has it. */
  static async take(
    directory: string,
    files: FileLayer,
    processes: Processes = systemProcesses,
  ): Promise<DirectoryLock> {
    const path = join(directory, LOCK_NAME);
    const owner = { ...processes.self, id: randomId() };
    const lock = new DirectoryLock(files, path, owner);
    const bytes = bytesOf(owner);
    while (!(await files.createWhole(path, bytes))) {
      const stale = await ownerOf(files, path);
      if (stale === null) continue;
      if (await takeOver(directory, files, processes, stale, owner)) break;
    }
    return lock;
  }

  /** Lets others have it. */
  async release(): Promise<void> {
    const owner = await ownerOf(this.#files, this.#path);
    if (owner?.id === this.#owner.id) await this.#files.remove(this.#path);
  }
}

/** Replaces the lock of a process that is gone; false when another was faster and all is to be looked at again. */
async function takeOver(
  directory: string,
  files: FileLayer,
  processes: Processes,
  stale: Owner,
  owner: Owner,
): Promise<boolean> {
  const path = join(directory, LOCK_NAME);
  const claims: string[] = [];
  let last: Owner | null = stale;
  // Along the claims of those that died while they took over.
  while (last !== null) {
    refuseLiving(directory, processes, last);
    const claim = join(directory, CLAIM + last.id);
    claims.push(claim);
    if (await files.createWhole(claim, bytesOf(owner))) break;
    last = await ownerOf(files, claim);
  }
  if (last === null) return false;
  const mine = claims.at(-1)!;
  const isSame = (await ownerOf(files, path))?.id === stale.id;
  if (isSame) await files.rename(mine, path);
  else await files.remove(mine);
  if (isSame) for (const claim of claims.slice(0, -1)) await files.remove(claim);
  return isSame;
}

function refuseLiving(directory: string, processes: Processes, owner: Owner): void {
  if (owner.pid === NOBODY) return;
  const { self } = processes;
  const isHere = owner.host === self.host;
  if (isHere && !processes.isRunning(owner)) return;
  const isSelf = isHere && owner.pid === self.pid;
  const who = isSelf
    ? `this process (${owner.pid}) itself`
    : `process ${owner.pid}${isHere ? '' : ` on host '${owner.host}'`}`;
  // Elsewhere, and where the system tells no start, a process that is gone looks as if it ran.
  const byHand =
    isSelf || (isHere && owner.start !== null)
      ? ''
      : `; if it is gone, remove ${join(directory, LOCK_NAME)}`;
  throw new EngineError(
    'CHECKPOINT_LOCKED',
    `${directory} is in use by ${who}; ${isSelf ? 'wait until that has ended' : 'end it'}, or give this job a directory of its own${byHand}`,
  );
}

async function ownerOf(files: FileLayer, path: string): Promise<Owner | null> {
  const bytes = await files.read(path);
  if (bytes === null) return null;
  const nobody = { pid: NOBODY, start: null, host: '', id: basename(path) };
  try {
    const { pid, start, host, id } = JSON.parse(new TextDecoder().decode(bytes)) as Owner;
    const isOwner =
      Number.isSafeInteger(pid) &&
      pid > 0 &&
      (start === null || typeof start === 'string') &&
      typeof host === 'string' &&
      /^[0-9a-f]{8}$/.test(id);
    return isOwner ? { pid, start, host, id } : nobody;
  } catch {
    return nobody;
  }
}

function bytesOf(owner: Owner): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify(owner)}\n`);
}
