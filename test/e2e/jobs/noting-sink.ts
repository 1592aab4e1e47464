/** Running counts by key, into a sink that notes in a file all that it is asked for. */
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { EngineError, job, record, type Sink, t } from 'millrace';
import { checkpointsOf, damage } from '../checkpoint-files.ts';
import { heldRows } from './held-rows.ts';

const Row = record({ n: t.int32, key: t.int32, one: t.int32 });
/** With keys of another type, which state refuses. */
const OtherRow = record({ n: t.int32, key: t.float64, one: t.int32 });
const KEYS = 1000;
const ROWS = 60_000;

/** The last number that a subtask of this thread has prepared. */
let preparedHere = 0;

/** Prepares a number for each checkpoint, and keeps the last one in its state. */
function noting(notes: string, fails: boolean): Sink {
  const note = (what: string, value: unknown): void =>
    appendFileSync(notes, `${what} ${JSON.stringify(value)}\n`);
  return {
    name: 'noting',
    descriptor: null,
    createWriter({ restored, subtask }) {
      if (restored.length > 0) note('writer', restored);
      let prepared = Math.max(0, ...restored.map(Number));
      return {
        isBusy: false,
        write() {},
        preCommit: () => {
          if (subtask > 0) return [];
          preparedHere = ++prepared;
          return [prepared];
        },
        snapshot: () => (subtask === 0 ? [prepared] : []),
        close() {},
      };
    },
    prepare: async ({ restored }) => note('prepare', restored),
    async commit(committables) {
      note('commit', committables);
      if (fails) throw new EngineError('CHECKPOINT_DAMAGED', 'that of another job');
    },
  };
}

export const noted = job(import.meta, 'noted', (flow) => {
  const breaks = flow.param('breaks', '');
  const notes = flow.param('notes', '');
  const sink = noting(notes, flow.param('fails', false));
  const schema = flow.param('other', false) ? OtherRow : Row;
  const rows = flow.from(
    heldRows(flow, { schema, count: ROWS, row: (n) => ({ n, key: n % KEYS, one: 1 }) }),
    { rate: flow.param('rate', 1e6) },
  );
  if (flow.param('counts', true)) {
    const counted = rows.keyBy('key').sum('one').uid('counts');
    counted
      .map((row) => breakOnce(breaks, notes, row))
      .to(sink)
      .uid('noting');
  } else {
    rows.to(sink).uid('noting');
  }
});

/**
 * Damages the newest of several checkpoints in a directory, and fails: when what this subtask has prepared last is committed, so
 * that no checkpoint is under way that would become the newest.
 */
function breakOnce<Row extends { readonly n: number }>(
  state: string,
  notes: string,
  row: Row,
): Row {
  if (state === '' || preparedHere === 0 || row.n % 100 !== 0) return row;
  if (existsSync(`${state}.broken`)) return row;
  if (!readFileSync(notes, 'utf8').includes(`commit [${preparedHere}]\n`)) return row;
  const [older, newest] = checkpointsOf(state).slice(-2);
  if (newest === undefined) return row;
  writeFileSync(`${state}.broken`, `${older}`);
  damage(state, newest);
  throw new Error('broken');
}
