/** What crosses between the tasks of a job, and how full the rings are. */
import type { RingDescriptor } from '../channel/ring-channel.ts';
import type { ExecutionGraph } from '../graph/execution-graph.ts';
import type { SharedCounters } from '../metrics/shared-counters.ts';
import { SpscQueue } from '../sharedarraybuffer-queue/index.ts';
import { outputSlots } from '../task/deployment.ts';
import type { ExchangeMetrics } from './job-metrics.ts';

/** What exchanges are called, by their number. */
export function exchangeNames({ exchanges }: ExecutionGraph): readonly string[] {
  const counts = new Map<string, number>();
  return exchanges.map(({ fromTask, toTask }) => {
    const tasks = `${fromTask}-${toTask}`;
    const count = (counts.get(tasks) ?? 0) + 1;
    counts.set(tasks, count);
    return count === 1 ? tasks : `${tasks}-${count}`;
  });
}

export class ExchangeReader {
  readonly #execution: ExecutionGraph;
  readonly #counters: SharedCounters;
  readonly #slots: readonly number[];
  readonly #rings: ReadonlyMap<number, RingDescriptor>;
  /** By channel, made when it is first looked at. */
  readonly #queues = new Map<number, SpscQueue>();

  constructor(
    execution: ExecutionGraph,
    rings: ReadonlyMap<number, RingDescriptor>,
    counters: SharedCounters,
  ) {
    this.#slots = outputSlots(execution);
    this.#counters = counters;
    this.#execution = execution;
    this.#rings = rings;
  }

  exchanges(): ExchangeMetrics[] {
    const { exchanges, channels } = this.#execution;
    const names = exchangeNames(this.#execution);
    return exchanges.map(({ id, fromTask, toTask, partitioning }) => {
      const own = channels.filter(({ exchange }) => exchange === id);
      const rings = own.filter(({ isLocal }) => !isLocal).map((channel) => this.#queue(channel.id));
      return {
        id: names[id]!,
        fromTask,
        toTask,
        partitioning: partitioning.kind,
        ...this.#sent(id),
        localChannels: own.length - rings.length,
        rings: rings.length,
        usedBytes: rings.reduce((sum, { usedBytes }) => sum + usedBytes, 0),
        capacityBytes: rings.reduce((sum, { capacityBytes }) => sum + capacityBytes, 0),
        fullest: Math.max(0, ...rings.map(({ usedShare }) => usedShare)),
      };
    });
  }

  #sent(exchange: number): Pick<ExchangeMetrics, 'rows' | 'bytes'> {
    let rows = 0;
    let bytes = 0;
    const end = this.#slots[exchange + 1]!;
    for (let slot = this.#slots[exchange]!; slot < end; slot++) {
      const output = this.#counters.output(slot);
      rows += output.rows;
      bytes += output.bytes;
    }
    return { rows, bytes };
  }

  #queue(channel: number): SpscQueue {
    const queue = this.#queues.get(channel) ?? SpscQueue.attach(this.#rings.get(channel)!);
    this.#queues.set(channel, queue);
    return queue;
  }
}
