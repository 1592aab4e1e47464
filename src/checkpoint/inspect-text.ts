/**
 * The summary of a checkpoint as text:
 *
 *   checkpoint 7 of job 'visits'
 *   path     /data/state/checkpoint-7
 *   created  2026-01-31T12:00:00.000Z by millrace 0.1.0, maximal parallelism 128
 *   state    1,502 rows, 8.0 KiB stored
 *
 *   uid    operator      parallelism  state         kind    rows       raw   stored  fields
 *   count  count by key            2  counts        keyed  1,502  29.4 KiB  8.0 KiB  key: int32, count: float64
 *   files  files                   1  committables             1
 */
import { oneLine, padded, widthOf } from '../base/text-width.ts';
import type { CheckpointSummary, OperatorSummary } from './inspect.ts';

const HEADINGS = [
  'uid',
  'operator',
  'parallelism',
  'maximal',
  'state',
  'kind',
  'rows',
  'raw',
  'stored',
  'of it deltas',
  'fields',
] as const;

/** A column that is there only where an operator has other key groups than the job, and one only where a state has deltas. */
const MAXIMAL = HEADINGS.indexOf('maximal');
const DELTAS = HEADINGS.indexOf('of it deltas');

/** Numbers stand below each other by their last digit. */
const ALIGNED_RIGHT: ReadonlySet<string> = new Set([
  'parallelism',
  'maximal',
  'rows',
  'raw',
  'stored',
  'of it deltas',
]);

export function formatInspect(summary: CheckpointSummary): string {
  const states = summary.operators.flatMap((operator) => operator.states);
  const rows = states.reduce((all, state) => all + state.rows, 0);
  const stored = states.reduce((all, state) => all + state.storedBytes, 0);
  const deltas = states.reduce((all, state) => all + state.deltaBytes, 0);
  const inDeltas = deltas === 0 ? '' : `, ${bytesOf(deltas)} of it in deltas`;
  const final = summary.isFinal ? ', at the end of the job' : '';
  const unused = [
    ...(summary.operators.every((operator) => operator.maxParallelism === summary.maxParallelism)
      ? [MAXIMAL]
      : []),
    ...(states.every((state) => state.deltas === 0) ? [DELTAS] : []),
  ];
  const lines = [
    `${summary.kind} ${summary.id} of job '${oneLine(summary.job)}'${final}`,
    `path     ${summary.path}`,
    `created  ${summary.created} by millrace ${summary.engine}, maximal parallelism ${summary.maxParallelism}`,
    `state    ${countOf(rows)} rows, ${bytesOf(stored)} stored${inDeltas}`,
    '',
    ...table([HEADINGS, ...summary.operators.flatMap(rowsOf)], unused),
  ];
  return `${lines.join('\n')}\n`;
}

/** A line for each state, and one for what is to be committed. */
function rowsOf(operator: OperatorSummary): string[][] {
  const { uid, name, parallelism, maxParallelism, states, committables } = operator;
  const head = [uid, name, String(parallelism), String(maxParallelism)];
  const rows = states.map((state) => [
    ...head,
    state.name,
    state.kind,
    countOf(state.rows),
    bytesOf(state.rawBytes),
    bytesOf(state.storedBytes),
    state.deltas === 0 ? '' : `${bytesOf(state.deltaBytes)} in ${state.deltas}`,
    state.fields.join(', '),
  ]);
  if (committables > 0)
    rows.push([...head, 'committables', '', countOf(committables), '', '', '', '']);
  return rows.length > 0 ? rows : [[...head, '', '', '', '', '', '', '']];
}

/** `unused`: columns that are left out. */
function table(texts: readonly (readonly string[])[], unused: readonly number[]): string[] {
  const rows = texts.map((row) => row.map(oneLine));
  const widths = HEADINGS.map((_, column) => Math.max(...rows.map((row) => widthOf(row[column]!))));
  return rows.map((row) =>
    row
      .map((text, column) =>
        padded(text, widths[column]!, ALIGNED_RIGHT.has(HEADINGS[column]!) ? 'right' : 'left'),
      )
      .filter((_, column) => !unused.includes(column))
      .join('  ')
      .trimEnd(),
  );
}

function countOf(count: number): string {
  return count.toLocaleString('en-US');
}

function bytesOf(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  const power = Math.min(4, Math.floor(Math.log2(bytes) / 10));
  return `${(bytes / 1024 ** power).toFixed(1)} ${['KiB', 'MiB', 'GiB', 'TiB'][power - 1]}`;
}
