/** Changes that state cannot be carried over: the next version is refused, where there is any. */
import type { Random } from '../../../src/base/random.ts';
import { sometimes } from './drawing.ts';
import type { RandomJob } from './random-job.ts';
import { endOf, partsOf } from './uids.ts';
import {
  type Change,
  ends,
  inLine,
  lineOf,
  pickStep,
  UID,
  uidBehind,
  uidsBehind,
  type Version,
  without,
} from './versions.ts';

/** A step with state is left out, and nobody has allowed it. */
export function forgotten(random: Random, job: RandomJob, base: Version): Change | null {
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

const AGGREGATES = /\.aggregate\(\(\{[^}]*\}\) => \(/;

/** Aggregates in another order, or one more: the step is as it was, or is refused. */
export function aggregates(random: Random, { steps }: RandomJob, base: Version): Change | null {
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

const WINDOWS: readonly [RegExp, (match: RegExpExecArray) => string][] = [
  [/\b(tumbling|session|tumblingCount)\((\d+)/, ([, kind, n]) => `${kind}(${Number(n) + 1}`],
  [
    /\b(slidingCount|sliding|cumulating)\((\d+), (\d+)/,
    ([, kind, n, m]) => `${kind}(${Number(n) + Number(m)}, ${m}`,
  ],
  [/\b(between)\((-?\d+), (\d+)/, ([, , n, m]) => `between(${n}, ${Number(m) + 1}`],
];

/** Other windows under the same uid. */
export function otherWindow(random: Random, { steps }: RandomJob, base: Version): Change | null {
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

/** A key of another type under the same uid, where what the step emits does not say the fields of the old one. */
export function otherKey(random: Random, job: RandomJob, base: Version): Change | null {
  const key = /\.keyBy\('(\w+)'\)/;
  const fit = ends(job, base).filter((name) => {
    const { text } = lineOf(base, name)!;
    const isOnce = text.split('.keyBy(').length === 2;
    return (
      isOnce &&
      key.test(text) &&
      !/connect\(|[jJ]oin\(|coGroup\(|\.filter\(|emits: record\(/.test(text)
    );
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
