/** Windows of all kinds, and what is made of them. */
import {
  type Drawing,
  type DrawnStep,
  type DrawStep,
  JOINED_MAX,
  settings,
  sometimes,
} from './drawing.ts';
import { type DrawnKey, drawKey, type Fields, isNullable, named, type Shape } from './shape.ts';
import {
  BOUNDS,
  behindLists,
  type DrawnWindow,
  drawAggregates,
  drawWindow,
} from './window-parts.ts';

/** Results have bounds of their own. */
const hasBounds = ({ fields }: DrawnKey): boolean =>
  Object.keys(BOUNDS).some((name) => name in fields);

/** What a windowed stream is made of. */
type Windowed = {
  readonly drawing: Drawing;
  readonly shape: Shape;
  readonly key: DrawnKey;
  /** The code up to here. */
  readonly keyed: string;
  readonly window: DrawnWindow;
  /** What is known of rows behind it, but for their fields. */
  readonly behind: Shape;
};

const emits = (row: string): string =>
  `process({ emits: type(), onWindow(ctx, rows) { ctx.emit({ ...ctx.key, ${row} }); } })`;

/** All rows of each window, and how often the key has fired so far, where windows come one after the other. */
function allRows({ drawing, shape, key, keyed, window, behind }: Windowed): DrawnStep {
  const { id, isEvaluated } = drawing;
  const [of] = Object.keys(shape.fields);
  const hasState = !isEvaluated && window.code.startsWith('tumbling');
  const counting = 'state: { fired: value(t.int32, { default: 0 }) }, ';
  const fired = 'ctx.state.fired.update((n) => n + 1); ';
  const code = emits(
    `windowStart: ctx.windowStart, windowEnd: ctx.windowEnd, rows${id}: rows.length, list${id}: sorted(rows.map((row) => row.${of}))` +
      (hasState ? `, fired${id}: ctx.state.fired.get()` : ''),
  );
  const withState = code
    .replace('onWindow', `${counting}onWindow`)
    .replace('ctx.emit', `${fired}ctx.emit`);
  return {
    code: `${keyed}.${hasState ? withState : code}`,
    shape: {
      ...behind,
      fields: {
        ...key.fields,
        ...BOUNDS,
        [`rows${id}`]: { kind: 'number' },
        [`list${id}`]: { kind: 'other' },
        ...(hasState ? { [`fired${id}`]: { kind: 'number' } } : {}),
      },
    },
  };
}

/** Those of the last 40 ms of each window, whatever their order. */
function evicted({ drawing, key, keyed, behind }: Windowed): DrawnStep {
  const rows = `rows${drawing.id}`;
  return {
    code: `${keyed}.evictor(timeEvictor(40)).${emits(`windowStart: ctx.windowStart, ${rows}: rows.length`)}`,
    shape: {
      ...behind,
      fields: { ...key.fields, windowStart: { kind: 'time' }, [rows]: { kind: 'number' } },
    },
  };
}

/** Aggregates; by the general operator where there is a trigger, or a function behind them. */
function aggregated({ drawing, shape, key, keyed, window, behind }: Windowed): DrawnStep {
  const { random } = drawing;
  // Of sessions that become one the rows of the earlier come first.
  const isInOrder = key.inOrder && !window.merges;
  const { code, fields } = drawAggregates(drawing, shape, isInOrder);
  const trigger = sometimes(random, 4) ? '.trigger(purging(eventTimeTrigger()))' : '';
  const passing = ', { emits: type(), onWindow: (ctx, row) => ctx.emit(row) })';
  const made = sometimes(random, 5) ? code.replace(/\)$/, passing) : code;
  return behindLists(isInOrder, `${keyed}${trigger}.${made}`, {
    ...behind,
    order: key.inOrder ? Object.keys(key.fields) : 'none',
    fields: { ...key.fields, ...BOUNDS, ...fields },
  });
}

function reduced({ shape, keyed, behind }: Windowed): DrawnStep {
  return {
    code: `${keyed}.reduce((a, b) => most(a, b))`,
    shape: { ...behind, fields: shape.fields },
  };
}

function windowed(drawing: Drawing, name: string, shape: Shape, key: DrawnKey): DrawnStep | null {
  const { random, isEvaluated } = drawing;
  const window = drawWindow(drawing);
  const overlaps = window.code.startsWith('sliding') || window.code.startsWith('cumulating');
  if (overlaps && shape.size > 2 * JOINED_MAX) return null;
  if (hasBounds(key)) return null;
  const lateness = sometimes(random, 3) ? ".allowedLateness('1 s')" : '';
  const keyed = `${name}.${key.code}.window(${window.code})${lateness}`;
  const size = overlaps ? shape.size * 5 : shape.size;
  const behind: Shape = { ...shape, isTyped: false, isTimed: true, order: 'none', size };
  const ways = [aggregated, aggregated, aggregated, reduced, allRows];
  if (!isEvaluated) ways.push(evicted);
  const drawn = random.pick(ways)({ drawing, shape, key, keyed, window, behind });
  return {
    ...drawn,
    settings: settings(random, shape.order === 'all' ? ['.maxParallelism(7)'] : []),
  };
}

/** What only rows in order can have: a field of the first, triggers and evictors that look at the row before. */
export const inOrderWindow: DrawStep = (drawing, { name, shape }) => {
  const { random, id, isEvaluated } = drawing;
  const key = drawKey(random, shape);
  const numbers = named(shape, 'number').filter((field) => !isNullable(shape, field));
  if (key?.inOrder !== true || numbers.length === 0 || !shape.isTimed) return null;
  if (hasBounds(key)) return null;
  const of = random.pick(numbers);
  const behind: Shape = { ...shape, isTyped: false, order: 'none' };
  const delta = `2, (a, b) => Math.abs(a.${of} - b.${of})`;
  const rows = `list${id}: rows.map((row) => row.${of})`;
  const fields: Fields = { ...key.fields, [`list${id}`]: { kind: 'other' } };
  const window = `${name}.${key.code}.window`;
  const byField = ['sum', 'min', 'max', 'minBy', 'maxBy'].map((kind) => ({
    code: `${window}(tumbling(100)).${kind}('${of}')`,
    shape: { ...behind, fields: shape.fields },
  }));
  const custom =
    'customTrigger({ state: () => ({ n: 0 }), onRecord(row, ctx) { return ++ctx.state.n % 3 === 0 ? ';
  const others = [
    `(globalWindow()).trigger(deltaTrigger(${delta})).evictor(countEvictor(4)).${emits(rows)}`,
    `(globalWindow()).trigger(${custom}'fireAndPurge' : 'continue'; } })).${emits(rows)}`,
    `(tumbling(100)).evictor(deltaEvictor(${delta})).${emits(rows)}`,
    `(tumbling(100)).evictor(countEvictor(2, { after: true })).${emits(rows)}`,
    `(tumbling(100)).trigger(${custom}'fire' : 'continue'; } })).${emits(rows)}`,
  ].map((code) => ({
    code: `${window}${code}`,
    shape: { ...behind, fields, isTimed: false, isOfStreams: true },
  }));
  const drawn = random.pick(isEvaluated ? byField : [...byField, ...others]);
  return { ...drawn, settings: settings(random) };
};

export const keyedWindow: DrawStep = (drawing, { name, shape }) => {
  if (!shape.isTimed) return null;
  const key = drawKey(drawing.random, shape);
  return key === null ? null : windowed(drawing, name, shape, key);
};

export const windowAll: DrawStep = (drawing, { name, shape }) => {
  if (!shape.isTimed) return null;
  const key: DrawnKey = { code: '', fields: {}, inOrder: shape.order === 'all' };
  const drawn = windowed(drawing, name, shape, key);
  if (drawn === null) return null;
  const settingsOfOne = drawn.settings!.filter((one) => !one.startsWith('.maxParallelism'));
  return { ...drawn, code: drawn.code.replace('..window', '.windowAll'), settings: settingsOfOne };
};

/** Rows that lie by their key already. */
export const reinterpreted: DrawStep = (drawing, { name, shape }) => {
  const { random } = drawing;
  const key = drawKey(random, shape, 'partitionBy');
  if (key === null || !shape.isTimed) return null;
  const placed = { ...shape, order: 'none' } as const;
  const again = {
    ...key,
    inOrder: false,
    code: key.code.replace('partitionBy', 'reinterpretAsKeyed'),
  };
  const drawn = windowed(drawing, `${name}.${key.code}.filter(() => true)`, placed, again);
  return drawn === null ? null : { ...drawn, settings: [] };
};

/** Rows that are late, and those that are not: together all of them. */
export const lateRows: DrawStep = ({ random, id }, { name, shape }) => {
  const key = drawKey(random, shape);
  const times = named(shape, 'time').filter((field) => !isNullable(shape, field));
  if (key === null || times.length === 0 || hasBounds(key)) return null;
  const window = random.pick(['tumbling(40)', 'session(20)', 'cumulating(60, 60)']);
  const lateness = random.pick([
    '',
    ".trigger(purging(eventTimeTrigger())).allowedLateness('60 ms')",
  ]);
  return {
    code:
      `(() => { const late = sideOutput('late${id}'); ` +
      `const counted = ${name}.eventTime('${random.pick(times)}', monotonous()).${key.code}.window(${window})${lateness}.lateTo(late)` +
      `.aggregate(({ count }) => ({ rows: count() })); ` +
      'return counted.map(({ rows }) => ({ all: 0, rows })).union(counted.sideOutput(late).map(() => ({ all: 0, rows: 1 })))' +
      ".keyBy('all').fullPartition().aggregate(({ sum }) => ({ rows: sum('rows') })); })()",
    shape: {
      ...shape,
      fields: { all: { kind: 'number' }, rows: { kind: 'number' } },
      isTyped: true,
      isTimed: false,
      order: 'none',
      size: 1,
    },
  };
};

/** Windows that fire early, with how many rows they had in the end. */
export const earlyFiring: DrawStep = ({ random, id }, { name, shape }) => {
  const key = drawKey(random, shape);
  if (key === null || !shape.isTimed || hasBounds(key)) return null;
  const trigger = random.pick([
    'continuousEventTimeTrigger(30)',
    "timeoutTrigger(eventTimeTrigger(), '900 d')",
  ]);
  const names = [...Object.keys(key.fields), 'windowStart'].map((field) => `'${field}'`).join(', ');
  const rows = `a${id}`;
  return {
    code:
      `${name}.${key.code}.window(tumbling(100)).trigger(${trigger}).aggregate(({ count }) => ({ ${rows}: count() }))` +
      `.keyBy(${names}).fullPartition().aggregate(({ max }) => ({ ${rows}: max('${rows}') }))`,
    shape: {
      ...shape,
      fields: { ...key.fields, windowStart: { kind: 'time' }, [rows]: { kind: 'number' } },
      isTyped: false,
      isTimed: false,
      order: 'none',
    },
    settings: settings(random),
  };
};

/** So many records of a key: which they are is sure where they are in order, else only how many. */
export const countWindow: DrawStep = (drawing, { name, shape }) => {
  const { random, id, isEvaluated } = drawing;
  const key = drawKey(random, shape);
  if (key === null) return null;
  const size = 1 + random.below(4);
  const window = random.pick([
    `tumblingCount(${size})`,
    `slidingCount(${size + 2}, ${size})`,
    ...(isEvaluated ? [] : [`globalWindow()).trigger(purging(countTrigger(${size}))`]),
  ]);
  const { code, fields } = key.inOrder
    ? drawAggregates(drawing, shape, true)
    : {
        code: `aggregate(({ count }) => ({ a${id}: count() }))`,
        fields: { [`a${id}`]: { kind: 'number' } } as Fields,
      };
  return {
    code: `${name}.${key.code}.window(${window}).${code}`,
    shape: {
      ...shape,
      fields: { ...key.fields, ...fields },
      isTyped: false,
      isTimed: false,
      order: key.inOrder ? Object.keys(key.fields) : 'none',
      // In batch rows are those of a key, one key behind the other, in the order of their times.
      isOfStreams: shape.isOfStreams || key.inOrder,
    },
    settings: settings(random),
  };
};
