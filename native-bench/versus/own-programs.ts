/**
 * The engine's side: programs that are compiled before they are measured, as those of the peers are. Where Node does not strip
 * types itself, a TypeScript program costs a thread of hooks for each of its own, which is no part of the engine.
 */
import { type Command, javascript } from '../figure.ts';
import { outputOf } from './peer.ts';

const CONFIG = 'native-bench/versus/tsconfig.json';
const FOLDER = 'native-bench/.build/programs';

/** Those of its `files`. */
export type OwnProgram =
  | 'versus/run-job'
  | 'versus/run-nexmark'
  | 'macro/run-latency'
  | 'state/back-pressure';

export async function buildOwnPrograms(): Promise<void> {
  await outputOf(
    'npx',
    ['--no-install', 'tsc', '-p', CONFIG],
    'the programs of the engine are not built',
  );
}

/** To be run when they are built. */
export function ownProgram(name: OwnProgram, ...args: readonly (string | number)[]): Command {
  return javascript(`${FOLDER}/${name}.js`, ...args);
}
