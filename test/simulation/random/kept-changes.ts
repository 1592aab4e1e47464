/** Changes that leave outputs as they are, but for those that come or go. */
import type { Random } from '../../../src/base/random.ts';
import { sometimes } from './drawing.ts';
import type { RandomJob } from './random-job.ts';
import { endOf, partsOf } from './uids.ts';
import {
  type Change,
  ends,
  inLine,
  inOne,
  type Line,
  lineOf,
  pickStep,
  UID,
  uidsBehind,
  type Version,
  without,
} from './versions.ts';

/** A step that lets all rows pass as they are. */
export function between(random: Random, job: RandomJob, base: Version): Change | null {
  const step = pickStep(
    random,
    job.steps.filter(({ inputs }) => inputs.length > 0),
  );
  if (step === null) return null;
  const input = random.pick(step.inputs);
  const { shape, inputs } = job.steps.find(({ name }) => name === input)!;
  const inOrder = shape.order === 'all' ? '.parallelism(1)' : '';
  const untyped = ['.map((row) => row)', '.flatMap((row) => [row])'];
  const isRow = shape.isTyped && inputs.length === 0;
  const passing = [
    '.filter(() => true)',
    ...(shape.isTyped ? [] : untyped),
    ...(isRow ? ['.map((row) => row).as(Row)'] : []),
  ].map((code) => code.replaceAll(/\)(?=\.as|$)/g, `)${inOrder}`));
  const dealt = shape.order === 'none' ? ['.rebalance()', '.rebalance().filter(() => true)'] : [];
  const code = random.pick([...passing, ...dealt]);
  const put = new RegExp(`\\b${input}(?=[.,)])`, 'g');
  const apply = inLine(step.name, (text) => text.replaceAll(put, `${input}${code}`));
  const change = { what: `${code} between ${input} and ${step.name}`, ...inOne(random, apply) };
  if (!untyped.includes(code.replace(inOrder, ''))) return change;
  // The engine may have known the types of the fields, and does not behind a function.
  const uids = uidsBehind(step.name, base);
  return { ...change, refused: { code: 'STATE_INCOMPATIBLE', uids, when: 'perhaps' } };
}

export function branch(random: Random, job: RandomJob, base: Version): Change | null {
  const free = ends(job, base);
  if (free.length === 0) return null;
  const output = random.pick(free);
  return {
    what: `${output} is new`,
    was: (version) => without(output, version),
    others: output,
  };
}

export function leftOut(random: Random, job: RandomJob, base: Version): Change | null {
  const free = ends(job, base);
  if (free.length === 0) return null;
  const output = random.pick(free);
  return {
    what: `${output} is left out`,
    now: (version) => without(output, version),
    others: output,
    drops: true,
  };
}

export function named(random: Random, { steps }: RandomJob): Change | null {
  const { name } = random.pick(steps);
  const apply = inLine(name, (text) => text.replaceAll(UID, ".uid('$1').name('named $1')"));
  return { what: `other names in ${name}`, ...inOne(random, apply) };
}

/** Where steps run, and how long their rows wait. */
export function placed(random: Random, { steps }: RandomJob, base: Version): Change | null {
  const setting = random.pick(['.disableChaining()', '.startNewChain()', ".bufferTimeout('1 ms')"]);
  if (sometimes(random, 3)) {
    const all = ({ lines, outputs }: Version): Version => ({
      outputs,
      lines: lines.map((line) => ({ ...line, text: line.text.replaceAll(UID, `$&${setting}`) })),
    });
    return { what: `${setting} everywhere`, ...inOne(random, all) };
  }
  const bound = /\.maxParallelism\(\d+\)/;
  const bounded = steps.filter(({ name }) => bound.test(lineOf(base, name)!.text));
  if (bounded.length > 0 && sometimes(random, 2)) {
    // What it was stays where the step says nothing.
    const { name } = random.pick(bounded);
    return {
      what: `no maxParallelism in ${name}`,
      now: inLine(name, (text) => text.replace(bound, '')),
    };
  }
  const { name } = random.pick(steps);
  const apply = inLine(name, (text) => text.replaceAll(UID, `$&${setting}`));
  return { what: `${setting} in ${name}`, ...inOne(random, apply) };
}

/** Another parallelism of a step. */
export function dealtAnew(random: Random, { steps }: RandomJob, base: Version): Change | null {
  const step = pickStep(
    random,
    steps.filter(({ shape }) => shape.order === 'none'),
  );
  if (step === null) return null;
  const { text } = lineOf(base, step.name)!;
  const parallelism = 1 + random.below(4);
  const last = /\.parallelism\(\d\)((?:\.\w+\([^()]*\))*)$/;
  if (!text.includes('.broadcast()') && last.test(text)) {
    const apply = inLine(step.name, (of) => of.replace(last, `.parallelism(${parallelism})$1`));
    return { what: `${step.name} in ${parallelism}`, ...inOne(random, apply) };
  }
  const own =
    /\.keyBy\([^()]*\)\.(?:process|sum|min|max|minBy|maxBy|reduce|window)\(.*\.uid\('[^']+'\)/;
  const isOne = text.split('.uid(').length === 2 && own.test(text);
  if (!isOne || text.includes('{ fullPartition') || text.includes('maxParallelism')) return null;
  const apply = inLine(step.name, (of) => of.replace(UID, `$&.parallelism(${parallelism})`));
  return { what: `${step.name} in ${parallelism}`, ...inOne(random, apply) };
}

/** The same lines in another order. */
export function reordered(random: Random): Change {
  const first = random.uint32();
  const apply = ({ lines, outputs }: Version): Version => {
    const weight = ({ name }: Line): number => Math.imul(Number(name.slice(1)) + first, 0x9e3779b1);
    const left = lines.toSorted((a, b) => weight(a) - weight(b));
    const ordered: Line[] = [];
    const isFree = ({ inputs }: Line): boolean =>
      inputs.every((input) => ordered.some(({ name }) => name === input));
    while (left.length > 0) ordered.push(...left.splice(left.findIndex(isFree), 1));
    return { lines: ordered, outputs: outputs.toSorted(() => (first % 2 === 0 ? 1 : -1)) };
  };
  return { what: 'another order of the lines', ...inOne(random, apply) };
}

const FIRING: readonly (readonly [string, string])[] = [
  ['purging(eventTimeTrigger())', 'eventTimeTrigger()'],
  ['continuousEventTimeTrigger(30)', 'continuousEventTimeTrigger(45)'],
  ["'900 d'", "'800 d'"],
  [".allowedLateness('1 s')", ".allowedLateness('2 s')"],
];

/** Triggers that fire at other times, or purge or do not, and lateness, where nothing is late. */
export function fired(random: Random, { steps }: RandomJob, base: Version): Change | null {
  const fit = steps.flatMap(({ name }) => {
    const { text } = lineOf(base, name)!;
    const found = FIRING.filter(([from]) => text.includes(from) && !text.includes('.lateTo('));
    return found.map(([from, to]) => ({ name, from, to }));
  });
  if (fit.length === 0) return null;
  const { name, from, to } = random.pick(fit);
  const apply = inLine(name, (of) => of.replace(from, to));
  return { what: `${to} in ${name}`, ...inOne(random, apply) };
}

/** A field more in the record of a state. */
export function fieldAdded(random: Random, { steps }: RandomJob, base: Version): Change | null {
  const found = steps.filter(({ name }) => lineOf(base, name)!.text.includes('KEPT_FIELDS'));
  const step = pickStep(random, found);
  if (step === null) return null;
  const more = 'KEPT_FIELDS, more: t.nullable(t.string)';
  const apply = inLine(step.name, (text) => text.replaceAll('...KEPT_FIELDS', `...${more}`));
  return { what: `a field more in a state of ${step.name}`, ...inOne(random, apply) };
}

/** A state that nothing is kept in, before the others or behind them. */
export function stateAdded(random: Random, { steps }: RandomJob, base: Version): Change | null {
  const open = /(state|operatorState): (\{)(?= )/;
  const found = steps.filter(
    ({ name }) =>
      open.test(lineOf(base, name)!.text) && !lineOf(base, name)!.text.includes('broadcast('),
  );
  const step = pickStep(random, found);
  if (step === null) return null;
  const isFirst = sometimes(random, 2);
  const apply = inLine(step.name, (text) => {
    const match = open.exec(text);
    if (match === null) return text;
    const at = match.index + match[0].length - 1;
    const end = endOf(text, at);
    const states = partsOf(text.slice(at + 1, end));
    const more = 'more: list(t.int32)';
    const all = isFirst ? [more, ...states.toReversed()] : [...states, more];
    return `${text.slice(0, at)}{ ${all.join(', ')} }${text.slice(end + 1)}`;
  });
  const side = inOne(random, apply);
  // Where it has been, and is not any more, a comparison cannot know that nothing is in it.
  return { what: `a state more in ${step.name}`, ...side, drops: side.was !== undefined };
}
