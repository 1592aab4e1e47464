/**
 * A profile of one thread by the sampler of V8, through node's inspector, from within the thread. As long as it runs, the steps
 * of each subtask are called by a function with a name of its own, so that a stack tells which one was at work.
 */
import type { Profiler } from 'node:inspector/promises';
import { must } from '../base/assert.ts';
import { PROFILE_DEPTH_MAX, PROFILE_STACKS_MAX } from '../base/limits.ts';
import type { StackSample } from './question.ts';
import type { Scheduler, StepFrame } from './scheduler.ts';

type ProfileNode = Profiler.ProfileNode;

const FRAME_NAME = 'millraceSubtask';

export class ThreadProfile {
  readonly #session: import('node:inspector/promises').Session;
  readonly #scheduler: Scheduler | null;

  private constructor(
    session: import('node:inspector/promises').Session,
    scheduler: Scheduler | null,
  ) {
    this.#session = session;
    this.#scheduler = scheduler;
  }

  static async start(scheduler: Scheduler | null, intervalUs: number): Promise<ThreadProfile> {
    const { Session } = await import('node:inspector/promises');
    const session = new Session();
    session.connect();
    try {
      await session.post('Profiler.enable');
      await session.post('Profiler.setSamplingInterval', { interval: intervalUs });
      await session.post('Profiler.start');
    } catch (error) {
      session.disconnect();
      throw error;
    }
    scheduler?.frameSteps(namedFrame);
    return new ThreadProfile(session, scheduler);
  }

  async stop(): Promise<StackSample[]> {
    try {
      const { profile } = await this.#session.post('Profiler.stop');
      return stacksOf(profile.nodes);
    } finally {
      this.#scheduler?.frameSteps(null);
      this.#session.disconnect();
    }
  }
}

/** Compiled for each subtask anew: V8 tells functions apart by their source. */
function namedFrame(subtask: number): StepFrame {
  return new Function(
    `'use strict';\nreturn function ${FRAME_NAME}${subtask}(subtask) { return subtask.step(); };\n` +
      '//# sourceURL=millrace-generated:step',
  )() as StepFrame;
}

/** The stacks that were seen, those seen most first, as many as are kept. */
function stacksOf(nodes: readonly ProfileNode[]): StackSample[] {
  const parents = new Map<number, ProfileNode>();
  for (const node of nodes) for (const child of node.children ?? []) parents.set(child, node);
  const seen = nodes
    .filter(({ hitCount = 0 }) => hitCount > 0)
    .sort((a, b) => must(b.hitCount, 'hits') - must(a.hitCount, 'hits'))
    .slice(0, PROFILE_STACKS_MAX);
  return seen.map((node) => stackOf(node, parents));
}

/** What is below the frame of the subtask, the loop of the thread, is the same for all of them. */
function stackOf(leaf: ProfileNode, parents: ReadonlyMap<number, ProfileNode>): StackSample {
  const frames: string[] = [];
  let subtask: number | null = null;
  for (let node: ProfileNode | undefined = leaf; node !== undefined; node = parents.get(node.id)) {
    const { functionName } = node.callFrame;
    if (functionName.startsWith(FRAME_NAME)) {
      subtask = Number(functionName.slice(FRAME_NAME.length));
      break;
    }
    if (functionName !== '(root)') frames.push(frameText(node));
  }
  frames.reverse();
  return { subtask, frames: frames.slice(0, PROFILE_DEPTH_MAX), count: leaf.hitCount ?? 0 };
}

/** `onRecord (jobs/flights.ts:12)` */
function frameText({ callFrame: { functionName, url, lineNumber } }: ProfileNode): string {
  const name = functionName === '' ? '(anonymous)' : functionName;
  if (url === '') return name;
  const file = url.split('/').slice(-2).join('/');
  return lineNumber < 0 ? `${name} (${file})` : `${name} (${file}:${lineNumber + 1})`;
}
