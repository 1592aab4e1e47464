/**
 * Changes of a random job between two runs. Each says what becomes of the code of the version that was, or of that which is now, and
 * what the engine has to make of it: the outputs that are not changed have the same rows as if nothing had happened, or the next
 * version is refused by its step.
 */
import type { Random } from '../../../src/base/random.ts';
import { sometimes } from './drawing.ts';
import { expressionOf, type JobStep, outputsOf, type RandomJob } from './random-job.ts';
import { endOf, partsOf, withUids } from './uids.ts';

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

type DrawChange = (random: Random, job: RandomJob, base: Version) => Change | null;

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

const DRAWERS: readonly DrawChange[] = [
  between,
  between,
  between,
  branch,
  branch,
  leftOut,
  leftOut,
  named,
  placed,
  placed,
  dealtAnew,
  reordered,
  reordered,
  fired,
  fieldAdded,
  stateAdded,
  aggregates,
  aggregates,
  otherWindow,
  otherKey,
  forgotten,
];

const CHANGES_MAX = 4;

export function drawChanges(random: Random, job: RandomJob): Change[] {
  const base = versionOf(job);
  const changes: Change[] = [];
  const count = 1 + random.below(CHANGES_MAX);
  for (let tries = 0; changes.length < count && tries < 60; tries++) {
    const change = random.pick(DRAWERS)(random, job, base);
    if (change === null) continue;
    // Of two that are refused either may be told.
    if (change.refused && changes.some(({ refused }) => refused)) continue;
    // What may be dropped is not refused.
    if (change.refused?.code === 'STATE_UNKNOWN' && changes.some(({ drops }) => drops)) continue;
    if (change.drops && changes.some(({ refused }) => refused?.code === 'STATE_UNKNOWN')) continue;
    changes.push(change);
  }
  return changes;
}

/** In which version something is: a step put in is in the one, one left out in the other. */
const inOne = (
  random: Random,
  apply: (version: Version) => Version,
): Pick<Change, 'was' | 'now'> => (sometimes(random, 2) ? { was: apply } : { now: apply });

const inLine =
  (name: string, changed: (text: string) => string) =>
  ({ lines, outputs }: Version): Version => ({
    outputs,
    lines: lines.map((line) => (line.name === name ? { ...line, text: changed(line.text) } : line)),
  });

const pickStep = (random: Random, steps: readonly JobStep[]): JobStep | null =>
  steps.length === 0 ? null : random.pick(steps);

/** A step that lets all rows pass as they are. */
function between(random: Random, job: RandomJob, base: Version): Change | null {
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

/** An output, and all that is there for it alone. */
function without(output: string, { lines, outputs }: Version): Version {
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
function ends({ steps }: RandomJob, { outputs }: Version): string[] {
  const free = outputs.filter((name) => !steps.some(({ inputs }) => inputs.includes(name)));
  return outputs.length > 1 ? free : [];
}

function branch(random: Random, job: RandomJob, base: Version): Change | null {
  const free = ends(job, base);
  if (free.length === 0) return null;
  const output = random.pick(free);
  return {
    what: `${output} is new`,
    was: (version) => without(output, version),
    others: output,
  };
}

function leftOut(random: Random, job: RandomJob, base: Version): Change | null {
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

/** A step with state is left out, and nobody has allowed it. */
function forgotten(random: Random, job: RandomJob, base: Version): Change | null {
  const free = ends(job, base).filter((name) => lineOf(base, name)!.text.includes('.uid('));
  if (free.length === 0) return null;
  const output = random.pick(free);
  const { lines } = without(output, base);
  const gone = base.lines.filter((line) => !lines.includes(line)).map(({ text }) => text);
  const uids = [...gone.join().matchAll(UID)].map(([, uid]) => uid!);
  return {
    what: `${output} is forgotten`,
    now: (version) => without(output, version),
    others: output,
    refused: { code: 'STATE_UNKNOWN', uids: [...uids, `output ${output}`, 'end'], when: 'known' },
  };
}

const lineOf = ({ lines }: Version, of: string): Line | undefined =>
  lines.find(({ name }) => name === of);

/** Whether a line is a step, or stands behind it. */
function isBehind(name: string, step: string, version: Version): boolean {
  if (name === step) return true;
  return lineOf(version, name)!.inputs.some((input) => isBehind(input, step, version));
}

/** Of a line and all that stand behind it. */
function uidsBehind(step: string, base: Version): string[] {
  const behind = base.lines.filter(({ name }) => isBehind(name, step, base));
  return [
    ...behind
      .map(({ text }) => text)
      .join()
      .matchAll(UID),
  ].map(([, uid]) => uid!);
}

const UID = /\.uid\('([^']+)'\)/g;

function named(random: Random, { steps }: RandomJob): Change | null {
  const { name } = random.pick(steps);
  const apply = inLine(name, (text) => text.replaceAll(UID, ".uid('$1').name('named $1')"));
  return { what: `other names in ${name}`, ...inOne(random, apply) };
}

/** Where steps run, and how long their rows wait. */
function placed(random: Random, { steps }: RandomJob, base: Version): Change | null {
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
function dealtAnew(random: Random, { steps }: RandomJob, base: Version): Change | null {
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
function reordered(random: Random): Change {
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
function fired(random: Random, { steps }: RandomJob, base: Version): Change | null {
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
function fieldAdded(random: Random, { steps }: RandomJob, base: Version): Change | null {
  const found = steps.filter(({ name }) => lineOf(base, name)!.text.includes('KEPT_FIELDS'));
  const step = pickStep(random, found);
  if (step === null) return null;
  const more = 'KEPT_FIELDS, more: t.nullable(t.string)';
  const apply = inLine(step.name, (text) => text.replaceAll('...KEPT_FIELDS', `...${more}`));
  return { what: `a field more in a state of ${step.name}`, ...inOne(random, apply) };
}

/** A state that nothing is kept in, before the others or behind them. */
function stateAdded(random: Random, { steps }: RandomJob, base: Version): Change | null {
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

const AGGREGATES = /\.aggregate\(\(\{[^}]*\}\) => \(/;

/** Aggregates in another order, or one more: the step is as it was, or is refused. */
function aggregates(random: Random, { steps }: RandomJob, base: Version): Change | null {
  const found = steps.filter(({ name }) => AGGREGATES.test(lineOf(base, name)!.text));
  const step = pickStep(random, found);
  if (step === null) return null;
  const { name } = step;
  const isMore = sometimes(random, 2);
  const apply = inLine(name, (text) => {
    const match = AGGREGATES.exec(text);
    if (match === null) return text;
    const at = match.index + match[0].length;
    const end = endOf(text, at);
    const parts = partsOf(text.slice(at + 1, end));
    const changed = isMore ? [...parts, 'more: count()'] : parts.toReversed();
    return `${text.slice(0, at)}{ ${changed.join(', ')} }${text.slice(end + 1)}`;
  });
  return {
    what: isMore ? `an aggregate more in ${name}` : `aggregates of ${name} in another order`,
    now: apply,
    ...(isMore ? { others: name } : {}),
    // Steps behind it may keep its rows, which have a field more.
    refused: { code: 'STATE_INCOMPATIBLE', uids: uidsBehind(name, base), when: 'perhaps' },
  };
}

function uidBehind(text: string, at: number): string {
  return /\.uid\('([^']+)'\)/.exec(text.slice(at))![1]!;
}

const WINDOWS: readonly [RegExp, (match: RegExpExecArray) => string][] = [
  [/\b(tumbling|session|tumblingCount)\((\d+)/, ([, kind, n]) => `${kind}(${Number(n) + 1}`],
  [
    /\b(slidingCount|sliding|cumulating)\((\d+), (\d+)/,
    ([, kind, n, m]) => `${kind}(${Number(n) + Number(m)}, ${m}`,
  ],
  [/\b(between)\((-?\d+), (\d+)/, ([, , n, m]) => `between(${n}, ${Number(m) + 1}`],
];

/** Other windows under the same uid. */
function otherWindow(random: Random, { steps }: RandomJob, base: Version): Change | null {
  const fit = steps.flatMap(({ name }) =>
    WINDOWS.filter(([pattern]) => pattern.test(lineOf(base, name)!.text)).map((way) => ({
      name,
      way,
    })),
  );
  if (fit.length === 0) return null;
  const {
    name,
    way: [pattern, other],
  } = random.pick(fit);
  const { text } = lineOf(base, name)!;
  const uid = uidBehind(text, pattern.exec(text)!.index);
  const apply = inLine(name, (of) => {
    const match = pattern.exec(of);
    return match === null ? of : of.replace(match[0], other(match));
  });
  return {
    what: `other windows in ${name}`,
    now: apply,
    others: name,
    refused: { code: 'STATE_INCOMPATIBLE', uids: [uid], when: 'known' },
  };
}

/** A key of another type under the same uid. */
function otherKey(random: Random, job: RandomJob, base: Version): Change | null {
  const key = /\.keyBy\('(\w+)'\)/;
  const fit = ends(job, base).filter((name) => {
    const { text } = lineOf(base, name)!;
    const isOnce = text.split('.keyBy(').length === 2;
    return isOnce && key.test(text) && !/connect\(|[jJ]oin\(|coGroup\(|\.filter\(/.test(text);
  });
  if (fit.length === 0) return null;
  const name = random.pick(fit);
  const { text } = lineOf(base, name)!;
  const match = key.exec(text)!;
  const uid = uidBehind(text, match.index);
  const { inputs } = job.steps.find((step) => step.name === name)!;
  const { shape } = job.steps.find((step) => step.name === inputs[0])!;
  const isText = shape.fields[match[1]!]?.kind === 'string';
  const apply = inLine(name, (of) =>
    of.replace(key, (_, field) =>
      isText ? `.keyBy((row) => row.${field}.length)` : `.keyBy((row) => \`k\${row.${field}}\`)`,
    ),
  );
  return {
    what: `another key in ${name}`,
    now: apply,
    others: name,
    refused: { code: 'STATE_INCOMPATIBLE', uids: [uid], when: 'keyed' },
  };
}
