/** Random jobs: drawn from a seed, as code of the public API that a person can read, run, and make shorter. */

import { pattern } from '../../../src/api/cep/pattern.ts';
import { type } from '../../../src/api/emits.ts';
import * as evictors from '../../../src/api/evictors.ts';
import type { Flow } from '../../../src/api/flow.ts';
import { type Job, job, type Outputs } from '../../../src/api/job.ts';
import { sideOutput } from '../../../src/api/side-output.ts';
import * as state from '../../../src/api/state.ts';
import * as triggers from '../../../src/api/triggers.ts';
import * as windows from '../../../src/api/windows.ts';
import { Random } from '../../../src/base/random.ts';
import { blackhole } from '../../../src/connector/blackhole/blackhole.ts';
import { collection } from '../../../src/connector/collection/collection.ts';
import { generate } from '../../../src/connector/generator/generator.ts';
import { hybrid } from '../../../src/connector/hybrid/hybrid.ts';
import { record, t } from '../../../src/data/schema.ts';
import * as strategies from '../../../src/time/strategies.ts';
import type { DrawnStep, Stream } from './drawing.ts';
import * as expiring from './expiring.ts';
import * as randomRows from './rows.ts';
import { drawSource } from './sources.ts';
import { EVALUATED_STEPS, ORDERED_STEPS, STEPS } from './steps.ts';

/** A step and the names of the streams that it stands behind; none for a source. */
export type JobStep = DrawnStep & {
  readonly name: string;
  readonly inputs: readonly string[];
  readonly count: number;
};

export type RandomJob = { readonly seed: number; readonly steps: readonly JobStep[] };

const STEPS_MAX = 9;
/** Rows of a source: few mean many jobs, and some of them are more than a batch. */
const COUNTS = [0, 1, 7, 60, 60, 120, 120, 250];
const MANY_ROWS = 6000;

export function drawJob(seed: number): RandomJob {
  const random = new Random(seed);
  const more = new Random(seed + 11);
  const isEvaluated = random.below(2) === 0;
  const drawers = isEvaluated ? EVALUATED_STEPS : STEPS;
  const steps: JobStep[] = [];
  const streams: Stream[] = [];
  const add = (step: DrawnStep, inputs: readonly string[], count = 0): void => {
    const name = `s${steps.length}`;
    steps.push({ ...step, name, inputs, count });
    streams.push({ name, shape: step.shape });
  };
  const source = (): void => {
    const count = random.below(40) === 0 ? MANY_ROWS : random.pick(COUNTS);
    add(drawSource({ random, more, id: steps.length, isEvaluated }, count), [], count);
  };
  source();
  if (random.below(2) === 0) source();
  const length = steps.length + 1 + random.below(STEPS_MAX);
  for (let tries = 0; steps.length < length && tries < 200; tries++) {
    // Behind the last step most often, so that chains of steps become long.
    const stream = random.below(2) === 0 ? streams.at(-1)! : random.pick(streams);
    const other = random.pick(streams);
    // Few streams are in order, and few steps look at it.
    const looksAtOrder = stream.shape.order !== 'none' && random.below(2) === 0;
    const step = random.pick(looksAtOrder ? ORDERED_STEPS : drawers)(
      { random, more, id: steps.length, isEvaluated },
      stream,
      other,
    );
    if (step === null) continue;
    add(
      step,
      [stream.name, other.name].filter((name) => isNamed(step.code, name)),
    );
  }
  return { seed, steps };
}

function isNamed(code: string, name: string): boolean {
  return new RegExp(`\\b${name}\\b`).test(code);
}

/** What no other step stands behind, and every third of the others: outputs. */
export function outputsOf({ steps }: RandomJob): readonly JobStep[] {
  return steps.filter(
    ({ name }, n) => n % 3 === 2 || !steps.some(({ inputs }) => inputs.includes(name)),
  );
}

/** What the stream of a step is. */
export const expressionOf = ({ code, settings = [], count }: JobStep): string =>
  `${code.replaceAll('COUNT', `${count}`)}${settings.join('')}`;

/** The body of the function of the job. */
export function codeOf(of: RandomJob): string {
  const lines = of.steps.map((step) => `const ${step.name} = ${expressionOf(step)};`);
  const outputs = outputsOf(of).map(({ name }) => name);
  // One of them goes to a sink beside.
  return [...lines, `${outputs[0]}.to(blackhole());`, `return { ${outputs.join(', ')} };`].join(
    '\n',
  );
}

const VOCABULARY: Readonly<Record<string, unknown>> = {
  ...{ blackhole, collection, generate, hybrid, pattern, record, sideOutput, t, type },
  ...evictors,
  ...state,
  ...triggers,
  ...windows,
  ...strategies,
  ...randomRows,
  ...expiring,
};

/** `meta`: of the module in whose top level it stands, where threads are to find it. */
export function jobOf(name: string, code: string, meta = import.meta): Job<Outputs> {
  const define = new Function(...Object.keys(VOCABULARY), `return (flow) => {\n${code}\n};`);
  return job(meta, name, define(...Object.values(VOCABULARY)) as (flow: Flow) => Outputs);
}

export function buildJob(of: RandomJob): Job<Outputs> {
  return jobOf(`random job ${of.seed}`, codeOf(of));
}

/** Jobs that are a little shorter: with fewer outputs, steps, rows and settings. */
export function* shorterJobs(of: RandomJob): Generator<RandomJob> {
  const { seed, steps } = of;
  const change = (n: number, changed: Partial<JobStep>): RandomJob => ({
    seed,
    steps: steps.map((step, at) => (at === n ? { ...step, ...changed } : step)),
  });
  for (const [n, { name }] of steps.entries()) {
    if (steps.length > 1 && !steps.some(({ inputs }) => inputs.includes(name)))
      yield { seed, steps: steps.filter((_, at) => at !== n) };
  }
  for (const [n, { name, inputs, canBeLeftOut }] of steps.entries()) {
    if (canBeLeftOut !== true) continue;
    const instead = (code: string): string =>
      code.replaceAll(new RegExp(`\\b${name}\\b`, 'g'), inputs[0]!);
    const others = steps.filter((_, at) => at !== n);
    const shorter = others.map((step) => ({
      ...step,
      code: instead(step.code),
      inputs: step.inputs.map(instead),
    }));
    yield { seed, steps: shorter };
  }
  for (const [n, { settings = [], count }] of steps.entries()) {
    for (const left of settings)
      yield change(n, { settings: settings.filter((one) => one !== left) });
    if (count > 1) {
      yield change(n, { count: Math.floor(count / 2) });
      yield change(n, { count: count - 1 });
    }
  }
}
