/** A peer: an engine of another language, how its programs are built, and the command that runs one. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Command } from '../figure.ts';
import { PROJECT_FOLDER } from '../run-program.ts';

/** As in `--engine`. */
export const PEER_IDS = ['flink', 'hazelcast', 'timely', 'timely-plain'] as const;
export type PeerId = (typeof PEER_IDS)[number];

export type Peer = {
  readonly id: PeerId;
  /** For tables. */
  readonly name: string;
  /** It has the queries of Nexmark alone. */
  readonly isSql: boolean;
  /** An error says what is missing. */
  build(): Promise<void>;
  /** All programs of all peers take the arguments of Settings.java, as far as they have the job. */
  command(args: readonly string[]): Command;
};

/** Rejects with what was wanted, and what the program said. */
export async function outputOf(
  program: string,
  args: readonly string[],
  what: string,
): Promise<string> {
  try {
    const { stdout, stderr } = await promisify(execFile)(program, args, { cwd: PROJECT_FOLDER });
    return stdout + stderr;
  } catch (cause) {
    const {
      code,
      stdout = '',
      stderr = '',
    } = cause as {
      code?: unknown;
      stdout?: string;
      stderr?: string;
    };
    const said = `${stdout}${stderr}`.trim();
    const why = code === 'ENOENT' ? `there is no '${program}' on the path` : said;
    throw new Error(`${what}: ${why}`, { cause });
  }
}
