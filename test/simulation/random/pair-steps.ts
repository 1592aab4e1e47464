/** Steps in which two streams meet. */
import type { Random } from '../../../src/base/random.ts';
import {
  type DrawStep,
  JOINED_MAX,
  ROWS_MAX,
  type Stream,
  settings,
  sometimes,
  untyped,
} from './drawing.ts';
import { drawKey, isNullable, named, type Shape } from './shape.ts';
import { drawWindow } from './window-parts.ts';

/** The same field of both, or the same function of fields. */
export function drawPair(random: Random, one: Shape, other: Shape): [string, string] | null {
  const kinds = (['string', 'bigint', 'boolean', 'date', 'number'] as const).flatMap((kind) => {
    const [a, b] = [one, other].map((shape) =>
      named(shape, kind).filter((n) => !isNullable(shape, n)),
    );
    return a!.length > 0 && b!.length > 0 ? [[random.pick(a!), random.pick(b!)] as const] : [];
  });
  if (kinds.length === 0) return null;
  const [a, b] = random.pick(kinds);
  if (!sometimes(random, 3) && one.isTyped === other.isTyped) return [`'${a}'`, `'${b}'`];
  return [`(row) => String(row.${a})`, `(row) => String(row.${b})`];
}

export const fieldsOf = ({ fields }: Shape): string => Object.keys(fields)[0]!;

/** Whether two streams may meet: pairs are many, and what batch runs give else is not worth a thought. */
export function canMeet(stream: Stream, other: Stream): boolean {
  return stream.shape.size <= JOINED_MAX && other.shape.size <= JOINED_MAX;
}

export const pairShape = (one: Shape, other: Shape, id: number): Shape => ({
  fields: {
    [`l${id}`]: one.fields[fieldsOf(one)]!,
    [`r${id}`]: other.fields[fieldsOf(other)]!,
  },
  isTyped: false,
  isTimed: true,
  order: 'none',
  isOfStreams: one.isOfStreams || other.isOfStreams,
  size: ROWS_MAX,
});

export const intervalJoin: DrawStep = ({ random, id }, stream, other) => {
  const [one, two] = [stream.shape, other.shape];
  const pair = drawPair(random, one, two);
  if (pair === null || !one.isTimed || !two.isTimed || !canMeet(stream, other)) return null;
  const bounds = random.pick([
    '-20, 20',
    '0, 0',
    '-60, -10',
    '5, 30, { upperExclusive: true }',
    '-9, 9, { lowerExclusive: true }',
  ]);
  return {
    code:
      `${stream.name}.keyBy(${pair[0]}).intervalJoin(${other.name}.keyBy(${pair[1]})).between(${bounds})` +
      `.process((left, right) => ({ l${id}: left.${fieldsOf(one)}, r${id}: right.${fieldsOf(two)} }))`,
    shape: pairShape(one, two, id),
    settings: settings(random),
  };
};

export const windowJoin: DrawStep = (drawing, stream, other) => {
  const { random, id } = drawing;
  const [one, two] = [stream.shape, other.shape];
  const pair = drawPair(random, one, two);
  if (pair === null || !one.isTimed || !two.isTimed || !canMeet(stream, other)) return null;
  const { code: window } = drawWindow(drawing);
  const [l, r] = [fieldsOf(one), fieldsOf(two)];
  const on = `.on(${pair.join(', ')}).window(${window})`;
  if (sometimes(random, 2)) {
    return {
      code: `${stream.name}.join(${other.name})${on}.apply((left, right) => ({ l${id}: left.${l}, r${id}: right.${r} }))`,
      shape: pairShape(one, two, id),
      settings: settings(random),
    };
  }
  return {
    code: `${stream.name}.coGroup(${other.name})${on}.apply((lefts, rights) => [{ l${id}: sorted(lefts.map((row) => row.${l})), r${id}: sorted(rights.map((row) => row.${r})) }])`,
    shape: {
      ...pairShape(one, two, id),
      fields: { [`l${id}`]: { kind: 'other' }, [`r${id}`]: { kind: 'other' } },
    },
    settings: settings(random),
  };
};

/** All that two streams have of a key, told at the end. */
export const connected: DrawStep = ({ random, id }, stream, other) => {
  const [one, two] = [stream.shape, other.shape];
  const pair = drawPair(random, one, two);
  if (pair === null) return null;
  return {
    code:
      `${stream.name}.keyBy(${pair[0]}).connect(${other.name}.keyBy(${pair[1]})).process({ emits: type(), ` +
      'state: { first: value(t.int32, { default: 0 }), second: list(t.dynamic()) }, ' +
      'onFirst(_, { state, timers }) { state.first.update((n) => n + 1); timers.eventTime(AT_END); }, ' +
      `onSecond(row, { state, timers }) { state.second.add(row.${fieldsOf(two)}); timers.eventTime(AT_END); }, ` +
      `onTimer(_, { state, emit }) { emit({ l${id}: state.first.get(), r${id}: sorted(state.second.get()) }); } })`,
    shape: {
      ...pairShape(one, two, id),
      fields: { [`l${id}`]: { kind: 'number' }, [`r${id}`]: { kind: 'other' } },
      isTimed: false,
      size: stream.shape.size + other.shape.size,
    },
    settings: settings(random),
  };
};

/** Each key with all rows of a small stream, when all are there. */
export const besideBroadcast: DrawStep = ({ random, id }, stream, other) => {
  const key = drawKey(random, stream.shape);
  if (key === null || !canMeet(other, other)) return null;
  return {
    code:
      `${stream.name}.${key.code}.connect(${other.name}.broadcast({ seen: map(t.string, t.int32) })).process({ emits: type(), ` +
      'onRecord: (_, { timers }) => timers.eventTime(AT_END), ' +
      `onBroadcast: (row, { broadcastState: { seen } }) => { const of = String(row.${fieldsOf(other.shape)}); seen.set(of, (seen.get(of) ?? 0) + 1); }, ` +
      `onTimer: (_, { key, broadcastState, emit }) => emit({ ...key, b${id}: sorted(broadcastState.seen.entries()) }) })`,
    shape: {
      ...stream.shape,
      fields: { ...key.fields, [`b${id}`]: { kind: 'other' } },
      isTyped: false,
      isTimed: false,
      order: 'none',
      isOfStreams: stream.shape.isOfStreams || other.shape.isOfStreams,
    },
    settings: settings(random),
  };
};

/** Whether there is one, that is: which comes first is not sure. */
export const broadcastJoin: DrawStep = ({ random, id }, stream, other) => {
  const pair = drawPair(random, stream.shape, other.shape);
  if (pair === null) return null;
  return {
    code: `${stream.name}.broadcastJoin(${other.name}).on(${pair.join(', ')}).apply((row, found) => ({ ...row, j${id}: found === null }))`,
    shape: {
      ...untyped(stream.shape, { ...stream.shape.fields, [`j${id}`]: { kind: 'boolean' } }),
      isTimed: stream.shape.isTimed && other.shape.isTimed,
      order: 'none',
    },
    settings: settings(random),
  };
};
