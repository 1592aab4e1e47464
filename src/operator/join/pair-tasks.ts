/**
 * The pairs that the records of a batch make, as places in lists that stay as they are until all are worked off: for each
 * record and each pane that has partners of it, the first and the last of them.
 */
import type { JoinPane } from './join-pane.ts';

const TASKS_MIN = 256;

/** Tasks of rows in one pane with partners in one pane. */
export type TaskGroup = {
  readonly pane: JoinPane;
  readonly partners: JoinPane;
  /** Of the rows; the partners are of the other one. */
  readonly input: number;
  readonly firstTask: number;
  endTask: number;
};

export class PairTasks {
  readonly groups: TaskGroup[] = [];
  count = 0;
  /** By task: the row of the batch, its id, and the places of its partners. */
  rows = new Int32Array(TASKS_MIN);
  ids = new Int32Array(TASKS_MIN);
  froms = new Int32Array(TASKS_MIN);
  tos = new Int32Array(TASKS_MIN);
  times = new Float64Array(TASKS_MIN);

  begin(pane: JoinPane, partners: JoinPane, input: number): TaskGroup {
    return { pane, partners, input, firstTask: this.count, endTask: this.count };
  }

  /** Keeps the group if it has tasks. */
  end(group: TaskGroup): void {
    group.endTask = this.count;
    if (group.endTask > group.firstTask) this.groups.push(group);
  }

  add(row: number, id: number, time: number, from: number, to: number): void {
    const task = this.count++;
    if (task === this.rows.length) this.#grow();
    this.rows[task] = row;
    this.ids[task] = id;
    this.times[task] = time;
    this.froms[task] = from;
    this.tos[task] = to;
  }

  clear(): void {
    this.groups.length = 0;
    this.count = 0;
  }

  #grow(): void {
    const capacity = this.rows.length * 2;
    const grown = (from: Int32Array): Int32Array<ArrayBuffer> => {
      const into = new Int32Array(capacity);
      into.set(from);
      return into;
    };
    this.rows = grown(this.rows);
    this.ids = grown(this.ids);
    this.froms = grown(this.froms);
    this.tos = grown(this.tos);
    const times = new Float64Array(capacity);
    times.set(this.times);
    this.times = times;
  }
}
