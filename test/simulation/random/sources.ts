/** Where the rows of random jobs come from. */
import { type Drawing, type DrawnStep, sometimes } from './drawing.ts';
import { DISORDER_MS } from './rows.ts';
import type { Fields } from './shape.ts';

export const ALL_FIELDS: Fields = {
  text: { kind: 'string' },
  maybe: { kind: 'string', nullable: true },
  small: { kind: 'number' },
  n: { kind: 'number' },
  quarter: { kind: 'number' },
  gap: { kind: 'number', nullable: true },
  big: { kind: 'bigint' },
  flag: { kind: 'boolean' },
  at: { kind: 'time' },
  day: { kind: 'date' },
  any: { kind: 'other' },
};

/** `COUNT` stands for how many there are. */
export function drawSource({ random, more, id }: Drawing, count: number): DrawnStep {
  const from = random.pick([0, 0, 0, -700, 1.6e12, -1e12]);
  const step = random.pick([5, 5, 5, 1, 40, 0]);
  const how = `${id}, ${from}, ${step}`;
  const isUneven = sometimes(random, 4);
  const isOne = !isUneven && !sometimes(random, 4);
  const isCollection = !isUneven && sometimes(random, 2);
  const isTyped = isCollection ? !sometimes(random, 3) : true;
  const rowsOf = `rows(COUNT, ${how})`;
  const inSplits = sometimes(more, 3) ? 'manySplits' : 'uneven';
  const unevenOf = (): string =>
    `${inSplits}(COUNT, ${random.pick(["'spread'", "'inOrder'"])}, ${how})`;
  const sources = isUneven
    ? [unevenOf(), `hybrid(collection([], Row), ${unevenOf()})`]
    : isCollection
      ? [
          `collection(${rowsOf}${isTyped ? ', Row' : ''})`,
          ...(isTyped ? [`hybrid(collection(${rowsOf}, Row), collection([], Row))`] : []),
        ]
      : [`generate({ schema: Row, count: COUNT, row: (n) => row(n, ${how}) })`];
  const source = random.pick(sources);
  const options = [
    ...(sometimes(random, 3) ? ["rate: flow.param('rate', 0)"] : []),
    ...(isOne ? ['parallelism: 1'] : []),
    ...((isOne || isCollection) && sometimes(random, 5)
      ? [`until: (row) => row.n === ${Math.ceil(count * 0.8)}`]
      : []),
  ].join(', ');
  const bound = `boundedOutOfOrderness(${DISORDER_MS})`;
  const strategy = random.pick([
    bound,
    bound,
    bound,
    `${bound}.withIdleness('90000 d')`,
    `custom({ onRecord: (_, at, { emit }) => emit(at - ${DISORDER_MS} - 1) })`,
    `custom({ create: () => ({ most: -Infinity }), onRecord: (_, at, { state }) => { state.most = Math.max(state.most, at); }, onPeriodic: ({ state, emit }) => { if (state.most > -Infinity) emit(state.most - ${DISORDER_MS} - 1); } })`,
  ]);
  const isTimed = !sometimes(random, 5);
  // Rows of two sources may be decades apart: the one ahead waits for the end of the other.
  const drift = more.pick(['1 ms', '100 ms', '20 s', '900 d']);
  const aligned = sometimes(more, 4)
    ? `.withAlignment('all', '${drift}', { every: '${more.pick([1, 30])} ms' })`
    : '';
  const time = random.pick(["'at'", '(row) => row.at']);
  return {
    code: `flow.from(${source}, { ${options} })${isTimed ? `.eventTime(${time}, ${strategy}${aligned})` : ''}`,
    shape: {
      fields: ALL_FIELDS,
      isTyped,
      isTimed,
      order: isOne ? 'all' : 'none',
      isOfStreams: false,
      size: count,
    },
  };
}
