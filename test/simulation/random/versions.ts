/** Versions of a random job, as lines of code with uids, and what changes of it are made of. */
import type { Random } from '../../../src/base/random.ts';
import { sometimes } from './drawing.ts';
import { expressionOf, type JobStep, outputsOf, type RandomJob } from './random-job.ts';
import { withUids } from './uids.ts';

export type Line = {
  readonly name: string;
  readonly inputs: readonly string[];
  /** An expression, with a uid on each step that keeps state. */
  readonly text: string;
};

export type Version = { readonly lines: readonly Line[]; readonly outputs: readonly string[] };

export type Change = {
  readonly what: string;
  readonly was?: (version: Version) => Version;
  readonly now?: (version: Version) => Version;
  /** The step whose rows are others now, and with it what stands behind it. */
  readonly others?: string;
  /** Whether state may be dropped. */
  readonly drops?: boolean;
  /** The error by which it is refused where there is state of the step, or may be. */
  readonly refused?: {
    readonly code: 'STATE_INCOMPATIBLE' | 'STATE_UNKNOWN';
    /** Of the step, or of those of which the first is told. */
    readonly uids: readonly string[];
    /** Where the savepoint has anything of the step, where it has something of its keys, or only perhaps. */
    readonly when: 'known' | 'keyed' | 'perhaps';
  };
};

export type DrawChange = (random: Random, job: RandomJob, base: Version) => Change | null;

/** The job as it is, with its uids. */
export function versionOf(job: RandomJob): Version {
  const sources = job.steps.filter(({ inputs }) => inputs.length === 0);
  const lines = job.steps.map((step) => {
    let code = expressionOf(step);
    // Behind a source the event time would be that of the source, or not, by what stands before it.
    for (const { name, shape } of sources) {
      const inOrder = shape.order === 'all' ? '.parallelism(1)' : '';
      code = code.replaceAll(
        `${name}.eventTime(`,
        `${name}.filter(() => true)${inOrder}.eventTime(`,
      );
    }
    return { name: step.name, inputs: step.inputs, text: withUids(step.name, code) };
  });
  return { lines, outputs: outputsOf(job).map(({ name }) => name) };
}

/** `sink`: the output that goes to a sink beside, where it is there. */
export function codeOfVersion({ lines, outputs }: Version, sink: string): string {
  return [
    ...lines.map(({ name, text }) => `const ${name} = ${text};`),
    ...(outputs.includes(sink) ? [`${sink}.to(blackhole()).uid('end');`] : []),
    `return { ${outputs.join(', ')} };`,
  ].join('\n');
}

/** In which version something is: a step put in is in the one, one left out in the other. */
export const inOne = (
  random: Random,
  apply: (version: Version) => Version,
): Pick<Change, 'was' | 'now'> => (sometimes(random, 2) ? { was: apply } : { now: apply });

export const inLine =
  (name: string, changed: (text: string) => string) =>
  ({ lines, outputs }: Version): Version => ({
    outputs,
    lines: lines.map((line) => (line.name === name ? { ...line, text: changed(line.text) } : line)),
  });

export const pickStep = (random: Random, steps: readonly JobStep[]): JobStep | null =>
  steps.length === 0 ? null : random.pick(steps);

/** An output, and all that is there for it alone. */
export function without(output: string, { lines, outputs }: Version): Version {
  if (outputs.length === 1) return { lines, outputs };
  let left = lines.filter(({ name }) => name !== output);
  const others = outputs.filter((name) => name !== output);
  for (;;) {
    const needed = left.filter(
      ({ name }) => others.includes(name) || left.some(({ inputs }) => inputs.includes(name)),
    );
    if (needed.length === left.length) return { lines: left, outputs: others };
    left = needed;
  }
}

/** Outputs that no step stands behind, where there are others. */
export function ends({ steps }: RandomJob, { outputs }: Version): string[] {
  const free = outputs.filter((name) => !steps.some(({ inputs }) => inputs.includes(name)));
  return outputs.length > 1 ? free : [];
}

export const lineOf = ({ lines }: Version, of: string): Line | undefined =>
  lines.find(({ name }) => name === of);

export const UID = /\.uid\('([^']+)'\)/g;

/** Whether a line is a step, or stands behind it. */
function isBehind(name: string, step: string, version: Version): boolean {
  if (name === step) return true;
  return lineOf(version, name)!.inputs.some((input) => isBehind(input, step, version));
}

/** Of a line and all that stand behind it. */
export function uidsBehind(step: string, base: Version): string[] {
  const behind = base.lines.filter(({ name }) => isBehind(name, step, base));
  return [
    ...behind
      .map(({ text }) => text)
      .join()
      .matchAll(UID),
  ].map(([, uid]) => uid!);
}

export function uidBehind(text: string, at: number): string {
  return /\.uid\('([^']+)'\)/.exec(text.slice(at))![1]!;
}
