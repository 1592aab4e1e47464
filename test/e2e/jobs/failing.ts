/** Jobs whose functions fail in many ways, at row 5000 where they can. */
import { isMainThread } from 'node:worker_threads';
import {
  blackhole,
  collection,
  custom,
  generate,
  job,
  monotonous,
  record,
  type Sink,
  type Source,
  t,
  tumbling,
} from 'millrace';
import { csv, files } from 'millrace/connectors/files';

const Row = record({ n: t.int32, time: t.timestamp });
const rows = () => generate({ schema: Row, count: 20_000, row: (n) => ({ n, time: n }) });
const BAD_ROW = 5000;

export const throwsInMap = job(import.meta, 'throws in map', (flow) => {
  flow
    .from(rows())
    .map((row) => {
      if (row.n === BAD_ROW) throw new TypeError('row 5000 is bad');
      return row;
    })
    .name('doubling')
    .to(blackhole());
});

export const throwsInKey = job(import.meta, 'throws in key', (flow) => {
  flow
    .from(rows())
    .eventTime('time', monotonous())
    .keyBy((row) => {
      if (row.n === BAD_ROW) throw new TypeError('row 5000 is bad');
      return row.n;
    })
    .window(tumbling('1 s'))
    .aggregate(({ count }) => ({ rows: count() }))
    .name('counting')
    .to(blackhole());
});

export const throwsInSource = job(import.meta, 'throws in source', (flow) => {
  flow
    .from(
      generate({
        schema: Row,
        count: 20_000,
        row: (n) => {
          if (n === BAD_ROW) throw new TypeError('row 5000 is bad');
          return { n, time: n };
        },
      }),
      { name: 'making' },
    )
    .to(blackhole());
});

export const throwsInAggregate = job(import.meta, 'throws in aggregate', (flow) => {
  flow
    .from(rows())
    .eventTime('time', monotonous())
    .keyBy('n')
    .window(tumbling('1 s'))
    .aggregate(({ sum }) => ({
      total: sum((row) => {
        if (row.n === BAD_ROW) throw new TypeError('row 5000 is bad');
        return 1;
      }),
    }))
    .name('adding')
    .to(blackhole());
});

export const keyIsUndefined = job(import.meta, 'key is undefined', (flow) => {
  flow
    .from(rows())
    .eventTime('time', monotonous())
    .map((row): { n: number; time: number; user?: string } =>
      row.n === BAD_ROW ? row : { ...row, user: 'someone' },
    )
    .keyBy((row) => row.user!)
    .window(tumbling('1 s'))
    .aggregate(({ count }) => ({ rows: count() }))
    .name('counting')
    .to(blackhole());
});

export const keyIsNaN = job(import.meta, 'key is NaN', (flow) => {
  flow
    .from(rows())
    .eventTime('time', monotonous())
    .keyBy((row) => (row.n === BAD_ROW ? Number.NaN : row.n))
    .window(tumbling('1 s'))
    .aggregate(({ count }) => ({ rows: count() }))
    .name('counting')
    .to(blackhole());
});

export const timeIsNaN = job(import.meta, 'time is NaN', (flow) => {
  flow
    .from(rows(), { name: 'making' })
    .eventTime((row) => (row.n === BAD_ROW ? Number.NaN : row.n), monotonous())
    .to(blackhole());
});

/** Keys and times of columns, of which one is not there. */
const Loose = record({
  n: t.int32,
  user: t.nullable(t.string),
  score: t.float64,
  day: t.nullable(t.int32),
});
const looseRows = () =>
  generate({
    schema: Loose,
    count: 20_000,
    row: (n) => {
      const isBad = n === BAD_ROW;
      return { n, user: isBad ? null : 'a', score: isBad ? Number.NaN : n, day: isBad ? null : n };
    },
  });
const byColumn = (name: string, field: 'n') =>
  job(import.meta, name, (flow) => {
    flow
      .from(looseRows())
      .eventTime('n', monotonous())
      .keyBy(field)
      .window(tumbling('1 s'))
      .aggregate(({ count }) => ({ rows: count() }))
      .name('counting')
      .to(blackhole());
  });
export const keyColumnIsNull = byColumn('key column is null', 'user' as 'n');
export const keyColumnIsNaN = byColumn('key column is NaN', 'score' as 'n');
export const timeColumnIsNull = job(import.meta, 'time column is null', (flow) => {
  flow
    .from(looseRows(), { name: 'making' })
    .eventTime('day' as 'n', monotonous())
    .to(blackhole());
});

/** Fields that free-form rows do not have. */
const freeForm = () =>
  generate({ count: 20_000, row: (n) => ({ n, ...(n === BAD_ROW ? {} : { user: 'a' }) }) });
export const keyFieldIsMissing = job(import.meta, 'key field is missing', (flow) => {
  flow
    .from(freeForm())
    .keyBy('user' as 'n')
    .sum('n')
    .name('counting')
    .to(blackhole());
});
export const timeFieldIsMissing = job(import.meta, 'time field is missing', (flow) => {
  flow
    .from(
      generate({ count: 20_000, row: (n) => (n === BAD_ROW ? {} : { at: n }) as { at: number } }),
      { name: 'making' },
    )
    .eventTime('at', monotonous())
    .to(blackhole());
});

export const noSuchSubtask = job(import.meta, 'no such subtask', (flow) => {
  flow
    .from(rows())
    .partitionCustom((n, subtasks) => (n === BAD_ROW ? subtasks : 0), 'n')
    .map((row) => row)
    .name('receiving')
    .to(blackhole());
});

export const doesNotFit = job(import.meta, 'does not fit', (flow) => {
  flow
    .from(rows())
    .map((row) => ({ n: row.n === BAD_ROW ? 'many' : row.n }))
    .as(record({ n: t.int32 }))
    .name('checking')
    .to(blackhole());
});

export const fillsMemory = job(import.meta, 'fills memory', (flow) => {
  const kept: number[][] = [];
  flow
    .from(rows())
    .map((row) => {
      kept.push(Array.from({ length: 100_000 }, (_, i) => i + row.n + 0.5));
      return row;
    })
    .name('hoarding')
    .to(blackhole());
});

export const exits = job(import.meta, 'exits', (flow) => {
  flow
    .from(rows())
    .map((row) => {
      if (row.n === BAD_ROW) process.exit(3);
      return row;
    })
    .name('leaving')
    .to(blackhole());
});

export const fillsMemoryWriting = job(import.meta, 'fills memory while it writes', (flow) => {
  const kept: number[][] = [];
  flow
    .from(generate({ schema: Row, row: (n) => ({ n, time: n }) }))
    .map((row) => {
      // By then some of them are in its file.
      if (row.n > 500_000) kept.push(Array.from({ length: 100_000 }, (_, i) => i + row.n + 0.5));
      return row;
    })
    .to(files(flow.param('out', ''), csv(Row), { existing: 'keep' }));
});

export const notTransferable = job(import.meta, 'not transferable', (flow) => {
  flow
    .from(rows())
    .map((row) => ({ ...row, again: () => row.n }))
    .rebalance()
    .to(blackhole());
});

export const differs = job(import.meta, 'differs', (flow) => {
  const stream = flow.from(rows());
  (isMainThread ? stream : stream.filter(() => true)).to(blackhole());
});

/** Defined in the calling thread only. */
export const absent = isMainThread
  ? job(import.meta, 'absent', (flow) => {
      flow.from(rows()).to(blackhole());
    })
  : null;

/** Throws at one step of its life. */
function failingSink(step: string): Sink {
  const reach = failAt(step);
  return {
    name: 'failing sink',
    descriptor: null,
    prepare: async () => reach('prepare'),
    createWriter() {
      reach('createWriter');
      return {
        isBusy: false,
        write: () => reach('write'),
        watermark: () => reach('watermark'),
        preCommit() {
          reach('preCommit');
          return [null];
        },
        close: () => reach('close'),
      };
    },
    commit: async () => reach('commit'),
    discard(): Promise<void> {
      reach('discard');
      return Promise.resolve();
    },
  };
}

function failingSource(step: string): Source {
  const reach = failAt(step);
  return {
    name: 'failing source',
    descriptor: null,
    schema: null,
    isBounded: true,
    assignment: 'inOrder',
    async discoverSplits() {
      reach('discoverSplits');
      return [{ id: 'one', weight: 1, detail: null }];
    },
    createReader() {
      reach('createReader');
      return {
        poll() {
          reach('poll');
          return 'end';
        },
        wakeAtMs: Infinity,
        position: () => null,
        progress: () => 0,
        close: () => reach('close'),
      };
    },
  };
}

function failAt(step: string): (reached: string) => void {
  return (reached) => {
    if (reached === step) throw new TypeError(`${step} fails`);
  };
}

const SINK_STEPS = [
  'prepare',
  'createWriter',
  'write',
  'watermark',
  'preCommit',
  'close',
  'commit',
];
export const failingSinks = SINK_STEPS.map((step) => ({
  step,
  job: job(import.meta, `sink fails in ${step}`, (flow) => {
    flow.from(rows()).eventTime('time', monotonous()).to(failingSink(step));
  }),
}));

const SOURCE_STEPS = ['discoverSplits', 'createReader', 'poll', 'close'];
export const failingSources = SOURCE_STEPS.map((step) => ({
  step,
  job: job(import.meta, `source fails in ${step}`, (flow) => {
    flow.from(failingSource(step)).to(blackhole());
  }),
}));

function circularError(): Error {
  const error = new Error('round and round');
  error.cause = error;
  return error;
}

const THROWN: readonly (readonly [string, () => unknown])[] = [
  ['null', () => null],
  ['undefined', () => undefined],
  ['text', () => 'text'],
  ['{ status: 5 }', () => ({ status: 5 })],
  ['[Object: null prototype] {}', () => Object.create(null)],
  ['Symbol(odd)', () => Symbol('odd')],
  ['round and round', circularError],
  ['what was thrown cannot be read', () => unreadable('message')],
  ['no cause', () => unreadable('cause')],
  ['no name', () => unreadable('name')],
  ['no stack', () => Object.assign(new Error('no stack'), { stack: 5 })],
  ['{ text: [Function: text] }', () => Object.assign(new Error(), { message: { text() {} } })],
];

/** An error of which one field throws when it is read. */
function unreadable(field: string): Error {
  return Object.defineProperty(new Error(`no ${field}`), field, {
    get() {
      throw new Error('inside');
    },
  });
}

export const oddThrows = THROWN.map(([text, thrown]) => ({
  text,
  job: job(import.meta, `throws ${text}`, (flow) => {
    flow
      .from(rows())
      .map((row) => {
        if (row.n === BAD_ROW) throw thrown();
        return row;
      })
      .name('throwing')
      .to(blackhole());
  }),
}));

/** Its sinks can neither be closed nor take back what is ready, which is not why it failed. */
export const failsTwice = job(import.meta, 'fails twice', (flow) => {
  flow
    .from(rows())
    .map((row) => {
      if (row.n === BAD_ROW) throw new TypeError('the first failure');
      return row;
    })
    .to(failingSink('close'));
  flow.from(collection([{ n: 1 }])).to(failingSink('discard'));
});

export const namesakes = [1, 2].map((factor) =>
  job(import.meta, 'namesake', (flow) => {
    flow
      .from(rows())
      .map((row) => ({ n: row.n * factor }))
      .to(blackhole());
  }),
);

/** The same job by another definition each time; threads know the first alone. */
export const define = (factor: number) =>
  job(import.meta, 'defined', (flow) => ({
    numbers: flow.from(collection([{ n: 1 }])).map(({ n }) => n * factor),
  }));
export const defined = define(10);

/** What a function leaves behind that fails outside of it. */
const LEFT_BEHIND: readonly (readonly [string, () => void])[] = [
  ['nobody waits for this', () => void Promise.reject(new Error('nobody waits for this'))],
  ['too late', () => void setImmediate(() => failAt('too late')('too late'))],
  ['process.exit(4) was called', () => void setImmediate(() => process.exit(4))],
];
export const leftBehind = LEFT_BEHIND.map(([text, leave]) => ({
  text,
  job: job(import.meta, `leaves ${text}`, (flow) => {
    flow
      .from(rows())
      .map((row) => {
        if (row.n === BAD_ROW) leave();
        return row;
      })
      .to(blackhole());
  }),
}));

/** One branch has written its file when the other fails. */
export const failsLate = job(import.meta, 'fails late', (flow) => {
  flow.from(rows()).to(files(flow.param('out', ''), csv()));
  flow
    .from(generate({ schema: Row, row: (n) => ({ n, time: n }) }), { rate: 1000 })
    .map((row) => {
      if (row.n === 300) throw new TypeError('the other branch');
      return row;
    })
    .to(blackhole());
});

export const throwsInTime = job(import.meta, 'throws in event time', (flow) => {
  flow
    .from(rows(), { name: 'timing' })
    .eventTime((row) => {
      if (row.n === BAD_ROW) throw new TypeError('row 5000 is bad');
      return row.time;
    }, monotonous())
    .to(blackhole());
});

export const throwsInWatermarks = job(import.meta, 'throws in custom watermarks', (flow) => {
  flow
    .from(rows(), { name: 'timing' })
    .eventTime(
      'time',
      custom<{ n: number; time: number }>({
        onRecord(row) {
          if (row.n === BAD_ROW) throw new TypeError('row 5000 is bad');
        },
      }),
    )
    .to(blackhole());
});

export const throwsInPartitioner = job(import.meta, 'throws in partitioner', (flow) => {
  flow
    .from(rows())
    .partitionCustom((n) => {
      if (n === BAD_ROW) throw new TypeError('row 5000 is bad');
      return 0;
    }, 'n')
    .map((row) => row)
    .name('receiving')
    .to(blackhole());
});

export const throwsInReduce = job(import.meta, 'throws in reduce', (flow) => {
  flow
    .from(rows())
    .keyBy((row) => row.n % 7)
    .reduce((_, row) => {
      if (row.n === BAD_ROW) throw new TypeError('row 5000 is bad');
      return row;
    })
    .name('joining')
    .to(blackhole());
});

export const throwsInFlatMap = job(import.meta, 'throws in flatMap', (flow) => {
  flow
    .from(rows())
    .flatMap(function* (row) {
      yield row;
      if (row.n === BAD_ROW) throw new TypeError('row 5000 is bad');
    })
    .name('spreading')
    .to(blackhole());
});

export const throwsInFilter = job(import.meta, 'throws in filter', (flow) => {
  flow
    .from(rows())
    .filter((row) => {
      if (row.n === BAD_ROW) throw new TypeError('row 5000 is bad');
      return true;
    })
    .name('choosing')
    .to(blackhole());
});
