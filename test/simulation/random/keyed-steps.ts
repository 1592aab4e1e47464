/** Steps by key: rolling aggregations, functions with state and timers, patterns, all rows of a key. */
import {
  type DrawnStep,
  type DrawStep,
  JOINED_MAX,
  ROWS_MAX,
  schemaOf,
  settings,
  sometimes,
  untyped,
} from './drawing.ts';
import { drawKey, type Fields, isNullable, named, type Shape } from './shape.ts';
import { behindLists, drawAggregates } from './window-parts.ts';

export const rolling: DrawStep = ({ random }, { name, shape }) => {
  const key = drawKey(random, shape);
  if (key === null) return null;
  const numbers = named(shape, 'number');
  const [of, by] = [numbers, named(shape, 'number', 'string', 'bigint', 'time', 'date')].map(
    (names) => (names.length === 0 ? null : random.pick(names)),
  );
  const ways = ['reduce((a, b) => most(a, b))'];
  if (of !== null && !isNullable(shape, of!)) ways.push(`sum('${of}')`);
  if (by !== null) ways.push(...['min', 'max', 'minBy', 'maxBy'].map((kind) => `${kind}('${by}')`));
  const way = random.pick(ways);
  const isReduced = way.startsWith('reduce');
  const more = ['.maxParallelism(7)', '.maxParallelism(4096)'];
  if (key.inOrder) {
    return {
      code: `${name}.${key.code}.${way}`,
      shape: {
        ...(isReduced ? untyped(shape, shape.fields) : shape),
        order: 'key' in key.fields ? 'none' : Object.keys(key.fields),
        isOfStreams: true,
      },
      canBeLeftOut: true,
      settings: settings(random, shape.order === 'all' ? more : []),
    };
  }
  // In any order the last row of a key is sure alone, and of a sum the field.
  if (!isReduced) return null;
  const again = key.code.replace('keyBy', 'keyBy');
  return {
    code: `${name}.${key.code}.${way}.${again}.fullPartition().reduce((a, b) => most(a, b))`,
    shape: { ...untyped(shape, shape.fields), isTimed: false, order: 'none' },
    canBeLeftOut: true,
    settings: settings(random),
  };
};

/** State of each kind, told at the end. */
export const states: DrawStep = ({ random, id }, { name, shape }) => {
  const key = drawKey(random, shape);
  const [of] = named(shape, 'number').filter((field) => !isNullable(shape, field));
  if (key === null || of === undefined) return null;
  const ttl = (): string => (sometimes(random, 3) ? ", { ttl: '90000 d' }" : '');
  return {
    code:
      `${name}.${key.code}.process({ emits: type(), state: { ` +
      `sum: value(t.float64${ttl()}), all: list(t.float64${ttl()}), times: map(t.float64, t.int32${ttl()}), ` +
      `most: reducing(t.float64, (a, b) => Math.max(a, b)${ttl()}), ` +
      `odd: aggregating({ create: () => 0, add: (n, x) => n + (x % 2 === 0 ? 0 : 1), result: (n) => n }${ttl()}), ` +
      'kept: value(record({ ...KEPT_FIELDS })), each: list(record({ ...KEPT_FIELDS })), by: map(t.float64, record({ ...KEPT_FIELDS })) }, ' +
      `onRecord({ ${of}: n }, { state, timers }) { addKept(state, n); state.sum.set((state.sum.get() ?? 0) + n); state.all.add(n); ` +
      'state.times.set(n, (state.times.get(n) ?? 0) + 1); state.most.add(n); state.odd.add(n); timers.eventTime(AT_END); }, ' +
      `onTimer(_, { key, state, emit }) { emit({ ...key, sum${id}: state.sum.get(), all${id}: sorted(state.all.get()), ` +
      `times${id}: sorted(state.times.entries()), most${id}: state.most.get(), odd${id}: state.odd.get(), kept${id}: keptOf(state) }); } })`,
    shape: {
      ...shape,
      fields: {
        ...key.fields,
        [`sum${id}`]: { kind: 'number' },
        [`all${id}`]: { kind: 'other' },
        [`times${id}`]: { kind: 'other' },
        [`most${id}`]: { kind: 'number' },
        [`odd${id}`]: { kind: 'number' },
        [`kept${id}`]: { kind: 'other' },
      },
      isTyped: false,
      isTimed: false,
      order: 'none',
    },
    settings: settings(random),
  };
};

/** Windows by hand: a timer for each, and another that is deleted. */
export const timers: DrawStep = ({ random, id }, { name, shape }) => {
  const key = drawKey(random, shape);
  if (key === null || !shape.isTimed || 'time' in key.fields) return null;
  const fields: Fields = {
    ...key.fields,
    time: { kind: 'time' },
    [`rows${id}`]: { kind: 'number' },
  };
  const isTyped = sometimes(random, 2);
  return {
    code:
      `${name}.${key.code}.process({ emits: ${isTyped ? schemaOf(fields) : 'type()'}, state: { rows: map(t.timestamp, t.int32) }, ` +
      'onRecord(_, { timestamp, state, timers }) { const end = Math.floor(timestamp / 50) * 50 + 49; ' +
      'state.rows.set(end, (state.rows.get(end) ?? 0) + 1); timers.eventTime(end + 1); timers.deleteEventTime(end + 1); timers.eventTime(end); }, ' +
      `onTimer(time, { key, state, emit }) { emit({ ...key, time, rows${id}: state.rows.get(time) }); state.rows.delete(time); } })`,
    shape: { ...shape, fields, isTyped, order: 'none' },
    settings: settings(random),
  };
};

/** Rows that go two ways, and together again; beside them a list of the subtask that nobody sees. */
export const split: DrawStep = ({ random, id }, { name, shape }) => {
  const key = sometimes(random, 2) ? drawKey(random, shape) : null;
  const [step, state] =
    key === null
      ? [name, 'operatorState: { seen: list(t.int32) }']
      : [`${name}.${key.code}`, 'state: { seen: list(t.int32) }'];
  return {
    code:
      `(() => { const side = sideOutput('side${id}'); let n = 0; ` +
      `const main = ${step}.process({ emits: type(), ${state}, onRecord(row, ctx) { ` +
      `(ctx.state ?? ctx.operatorState).seen.add(n); if (n++ % 3 === 0) ctx.output(side, row); else ctx.emit(row); } })${settings(random).join('')}; ` +
      'return main.union(main.sideOutput(side)); })()',
    shape: { ...untyped(shape, shape.fields), order: 'none' },
    canBeLeftOut: true,
  };
};

/** What each row makes of those of its key before it. */
export const running: DrawStep = ({ random, id }, { name, shape }) => {
  const key = drawKey(random, shape);
  if (key?.inOrder !== true || 'key' in key.fields) return null;
  return {
    code:
      `${name}.${key.code}.process({ emits: type(), state: { rows: value(t.int32, { default: 0 }) }, ` +
      `onRecord(row, { state, emit }) { state.rows.update((n) => n + 1); emit({ ...row, nth${id}: state.rows.get() }); } })`,
    shape: {
      ...untyped(shape, { ...shape.fields, [`nth${id}`]: { kind: 'number' } }),
      order: Object.keys(key.fields),
      isOfStreams: true,
    },
    canBeLeftOut: false,
    settings: settings(random),
  };
};

export const patternMatch: DrawStep = ({ random, id }, { name, shape }) => {
  const key = drawKey(random, shape);
  const numbers = named(shape, 'number').filter((field) => !isNullable(shape, field));
  if (key === null || !shape.isTimed || numbers.length === 0 || shape.size > JOINED_MAX)
    return null;
  const of = random.pick(numbers);
  const is = (rest: number): string => `(row) => Math.abs(row.${of}) % 3 === ${rest}`;
  const patterns = [
    `begin('a', ${is(0)}).next('b', ${is(1)})`,
    `begin('a', ${is(0)}).followedBy('b', ${is(1)}).times(1, 2)`,
    `begin('a', ${is(0)}).followedByAny('b', ${is(2)})`,
    `begin('a', ${is(1)}).oneOrMore().greedy().followedBy('b', ${is(0)})`,
    `begin('a', ${is(1)}).oneOrMore().consecutive().followedBy('b', ${is(2)}).optional()`,
    `begin('a', ${is(1)}).notNext('not', ${is(0)}).followedBy('b')`,
    `begin('a', ${is(1)}).times(2).allowCombinations().notFollowedBy('b', ${is(2)})`,
  ];
  const skip = random.pick([
    "'none'",
    "'toNext'",
    "'pastLast'",
    "{ toFirst: 'a' }",
    "{ toLast: 'a' }",
  ]);
  return {
    code:
      `${name}.${key.code}.match(pattern().${random.pick(patterns)}.within(60), { skip: ${skip}, ties: byText })` +
      `.select((match) => ({ p${id}: match.a[0].${of}, all${id}: [match.a, match.b ?? []].map((rows) => rows.map((row) => row.${of})) }))`,
    shape: {
      ...shape,
      fields: { [`p${id}`]: { kind: 'number' }, [`all${id}`]: { kind: 'other' } },
      isTyped: false,
      order: 'none',
      size: ROWS_MAX,
    },
    settings: settings(random),
  };
};

export const partitions: DrawStep = (drawing, { name, shape }) => {
  const { random } = drawing;
  const fields = named(shape, 'number', 'string', 'bigint', 'time');
  const key = drawKey(random, shape);
  const behind: Shape = { ...shape, isTimed: false, order: 'none' };
  const order = random.pick(['', ", 'descending'"]);
  const ways: DrawnStep[] = [
    {
      code: `${name}.fullPartition().map((rows) => rows)`,
      shape: untyped(behind, shape.fields),
      canBeLeftOut: true,
    },
  ];
  if (fields.length > 0) {
    ways.push({
      code: `${name}.fullPartition().sort('${random.pick(fields)}'${order})`,
      shape: behind,
      canBeLeftOut: true,
    });
  }
  if (key !== null) {
    const { code, fields: results } = drawAggregates(drawing, shape, false);
    const aggregated = { ...untyped(behind, { ...key.fields, ...results }) };
    ways.push(behindLists(false, `${name}.${key.code}.fullPartition().${code}`, aggregated), {
      code: `${name}.${key.code}.fullPartition().reduce((a, b) => most(a, b))`,
      shape: untyped(behind, shape.fields),
      canBeLeftOut: true,
    });
    if (fields.length > 0) {
      ways.push({
        code: `${name}.${key.code}.fullPartition().sort('${random.pick(fields)}'${order})`,
        shape: behind,
        canBeLeftOut: true,
      });
    }
  }
  return { ...random.pick(ways), settings: [] };
};
