/** Windows and aggregates, as code. */
import { type Drawing, type DrawnStep, sometimes, untyped } from './drawing.ts';
import type { Fields, Shape } from './shape.ts';

export type DrawnWindow = { readonly code: string; readonly merges: boolean };

export const windowOf = (code: string, merges = false): DrawnWindow => ({ code, merges });

export const drawWindow = ({ random, isEvaluated }: Drawing): DrawnWindow =>
  random.pick([
    windowOf(`tumbling(${random.pick([1, 7, 100, 250])})`),
    windowOf("tumbling('365 d')"),
    windowOf('tumbling(100, { offset: -30 })'),
    windowOf('sliding(200, 50)'),
    windowOf('sliding(100, 30, { offset: 7 })'),
    windowOf('sliding(50, 80)'),
    windowOf('sliding(30, 1)'),
    windowOf('cumulating(200, 50)'),
    windowOf(`session(${random.pick([1, 40, 90])})`, true),
    windowOf('session((row) => 20 + (mixed(row) % 30))', true),
    ...(isEvaluated ? [] : [windowOf(CUSTOM_WINDOW)]),
  ]);

export const CUSTOM_WINDOW =
  'customWindow({ assign: (row, at) => [{ windowStart: at - 9, windowEnd: at + 9 }] })';

export const BOUNDS: Fields = { windowStart: { kind: 'time' }, windowEnd: { kind: 'time' } };

export type DrawnAggregates = { readonly code: string; readonly fields: Fields };

/** `isInOrder`: whether that of the rows is sure. */
export function drawAggregates(
  { random, id }: Drawing,
  shape: Shape,
  isInOrder: boolean,
): DrawnAggregates {
  const fields: Record<string, Fields[string]> = {};
  const codes: string[] = [];
  const add = (code: string, field: Fields[string]): void => {
    const name = `a${id}${'abcdef'[codes.length]}`;
    codes.push(`${name}: ${code}`);
    fields[name] = field;
  };
  const all = Object.keys(shape.fields);
  for (let n = 1 + random.below(4); n > 0; n--) {
    const name = random.pick(all);
    const { kind, nullable = false } = shape.fields[name]!;
    const field = { kind, nullable };
    const by = sometimes(random, 4) ? `(row) => row.${name}` : `'${name}'`;
    const fit: (() => void)[] = [
      () => add('count()', { kind: 'number' }),
      () =>
        add(
          'aggregate({ create: () => 1, add: (a, row) => (a * (mixed(row) + 1)) % 9973, merge: (a, b) => (a * b) % 9973, result: (a) => a })',
          { kind: 'number' },
        ),
    ];
    if (kind === 'number') {
      fit.push(
        () => add(`sum(${by})`, { kind: 'number' }),
        () => add(`avg(${by})`, { kind: 'fraction', nullable }),
        () =>
          add(`quantile(${by}, ${random.pick([0, 0.5, 0.95, 1])})`, { kind: 'fraction', nullable }),
      );
    }
    if (kind === 'bigint') fit.push(() => add(`countDistinct(${by})`, { kind: 'number' }));
    if (['number', 'fraction', 'bigint', 'string', 'time', 'date'].includes(kind)) {
      // By a function there are numbers alone.
      const of = kind === 'number' ? by : `'${name}'`;
      fit.push(
        () => add(`min(${of})`, field),
        () => add(`max(${of})`, field),
      );
    }
    if (kind !== 'other' && kind !== 'fraction') {
      fit.push(() => add(`countDistinct(${by})`, { kind: 'number' }));
    }
    fit.push(() => add(`collect(${by})`, { kind: 'other' }));
    if (isInOrder) {
      fit.push(
        () => add(`first(${by})`, { ...field, nullable: true }),
        () => add(`last(${by})`, { ...field, nullable: true }),
      );
    }
    random.pick(fit)();
  }
  const words =
    'count, sum, avg, min, max, first, last, countDistinct, collect, quantile, aggregate';
  return { code: `aggregate(({ ${words} }) => ({ ${codes.join(', ')} }))`, fields };
}

/** Lists of rows that come in any order are sorted, in a step of its own. */
export function behindLists(isInOrder: boolean, code: string, shape: Shape): DrawnStep {
  const hasLists = code.includes("collect('") || code.includes('collect((');
  if (isInOrder || !hasLists) return { code, shape };
  return { code: `${code}.map(withSortedLists)`, shape: untyped(shape, shape.fields) };
}
