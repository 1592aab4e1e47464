/** Steps that take rows one at a time, and ways to deal them to subtasks. */

import {
  type DrawStep,
  JOINED_MAX,
  oneByOne,
  ROWS_MAX,
  schemaOf,
  settings,
  sometimes,
  untyped,
} from './drawing.ts';
import { drawKey, type Fields, isNullable, keyNames, named, type Shape } from './shape.ts';

export const map: DrawStep = ({ random, id }, { name, shape }) => {
  const [of] = named(shape, 'number').filter((field) => !isNullable(shape, field));
  const { code, shape: behind } = oneByOne(random, shape);
  const added = `m${id}: ${of === undefined ? '1' : `row.${of} * 2`}`;
  const isMissing = sometimes(random, 4);
  const field = { kind: 'number', nullable: isMissing, mayBeMissing: isMissing } as const;
  const fields: Fields = { ...shape.fields, [`m${id}`]: field };
  const made = isMissing ? `...(mixed(row) % 2 === 0 ? { ${added} } : {})` : added;
  return {
    code: `${name}.map((row) => ({ ...row, ${made} }))${code}`,
    shape: untyped(behind, fields),
    settings: settings(random),
  };
};

/** Rows of several shapes, some of them large; nobody asks for what they have more. */
export const enlarged: DrawStep = ({ random }, { name, shape }) => {
  const { code, shape: behind } = oneByOne(random, shape);
  return {
    code: `${name}.map((row) => large(row))${code}`,
    shape: untyped(behind, shape.fields),
    canBeLeftOut: true,
    settings: settings(random),
  };
};

export const filter: DrawStep = ({ random }, { name, shape }) => {
  const { code, shape: behind } = oneByOne(random, shape);
  const tests = [
    ...named(shape, 'number').map((field) => `row.${field} % 3 !== 0`),
    ...named(shape, 'string').map((field) => `row.${field} !== 'a'`),
    ...named(shape, 'boolean').map((field) => `row.${field}`),
    ...named(shape, 'bigint').map((field) => `row.${field} !== 0n`),
    '(row !== null)',
  ];
  return {
    code: `${name}.filter((row) => ${random.pick(tests)})${code}`,
    shape: behind,
    canBeLeftOut: true,
    settings: settings(random),
  };
};

export const flatMap: DrawStep = ({ random }, { name, shape }) => {
  if (shape.size > ROWS_MAX) return null;
  const { code, shape: behind } = oneByOne(random, shape);
  const how = random.pick(['(row) => [row, row]', '(row, out) => { out(row); out({ ...row }); }']);
  return {
    code: `${name}.flatMap(${how})${code}`,
    shape: { ...untyped(behind, shape.fields), size: shape.size * 2 },
    canBeLeftOut: true,
    settings: settings(random),
  };
};

export const project: DrawStep = ({ random }, { name, shape }) => {
  const names = Object.keys(shape.fields).filter(() => sometimes(random, 2));
  if (names.length === 0) return null;
  const { code, shape: behind } = oneByOne(random, shape);
  const fields = Object.fromEntries(names.map((field) => [field, shape.fields[field]!]));
  const isInOrder = behind.order === 'all' || behind.order === 'none';
  const order = isInOrder || behind.order.every((field) => field in fields) ? behind.order : 'none';
  return {
    code: `${name}.project(${names.map((field) => `'${field}'`).join(', ')})${code}`,
    shape: { ...behind, fields, order },
    canBeLeftOut: true,
    settings: settings(random),
  };
};

export const as: DrawStep = ({ random }, { name, shape }) => {
  if (shape.isTyped || Object.values(shape.fields).some(({ mayBeMissing }) => mayBeMissing))
    return null;
  const { code, shape: behind } = oneByOne(random, shape);
  return {
    code: `${name}.as(${schemaOf(shape.fields)})${code}`,
    shape: { ...behind, isTyped: true },
    canBeLeftOut: true,
    settings: settings(random),
  };
};

/** Rows dealt anew. */
export const dealt: DrawStep = ({ random }, { name, shape }) => {
  const custom = keyNames(shape).map(
    (field) => `partitionCustom((key, n) => String(key).length % n, '${field}')`,
  );
  const by = drawKey(random, shape, 'partitionBy');
  const ways = ['rebalance()', 'rescale()', 'shuffle()', 'global()', ...custom];
  if (by !== null) ways.push(by.code);
  return {
    code: `${name}.${random.pick(ways)}`,
    shape: { ...shape, order: 'none' },
    canBeLeftOut: true,
  };
};

/** As many of each row as the step behind it has subtasks. */
export const broadcast: DrawStep = ({ random }, { name, shape }) => {
  if (shape.size > JOINED_MAX) return null;
  const subtasks = 1 + random.below(3);
  return {
    code: `${name}.broadcast().filter(() => true).parallelism(${subtasks})`,
    shape: { ...shape, order: 'none', size: shape.size * subtasks },
    canBeLeftOut: true,
    settings: settings(random),
  };
};

export const union: DrawStep = ({ random }, { name, shape }, other) => {
  const common = Object.keys(shape.fields).filter(
    (field) => other.shape.fields[field]?.kind === shape.fields[field]!.kind,
  );
  if (common.length === 0 || shape.size + other.shape.size > ROWS_MAX) return null;
  const isSame = [shape, other.shape].every(
    (one) => Object.keys(one.fields).length === common.length,
  );
  const code = `.project(${common.map((field) => `'${field}'`).join(', ')})`;
  // Rows of one schema each, or of both in one stream, where fields are missing.
  const isBehind = sometimes(random, 2);
  const nullable = (field: string): boolean =>
    isNullable(shape, field) || isNullable(other.shape, field);
  const mayBeMissing = (field: string): boolean =>
    [shape, other.shape].some(({ fields: { [field]: of } }) => of!.mayBeMissing === true);
  const fields = Object.fromEntries(
    common.map((field) => [
      field,
      {
        ...shape.fields[field]!,
        nullable: nullable(field),
        mayBeMissing: mayBeMissing(field),
      },
    ]),
  );
  return {
    code: isSame
      ? `${name}.union(${other.name})`
      : isBehind
        ? `${name}.union(${other.name})${code}`
        : `${name}${code}.union(${other.name}${code})`,
    shape: {
      fields,
      // Fields of one kind here may be int32 and float64 there, which have no schema together.
      isTyped: shape.isTyped || other.shape.isTyped,
      isTimed: shape.isTimed && other.shape.isTimed,
      order: 'none',
      isOfStreams: shape.isOfStreams || other.shape.isOfStreams,
      size: shape.size + other.shape.size,
    },
  };
};

/** Watermarks that wait for all: rows of several subtasks may be any time apart. */
export const timeAnew: DrawStep = ({ random }, { name, shape }) => {
  const times = named(shape, 'time').filter((field) => !isNullable(shape, field));
  if (times.length === 0) return null;
  const time = random.pick(times);
  const by = random.pick([`'${time}'`, `(row) => row.${time} + 3`]);
  const { code, shape: behind } = oneByOne(random, shape);
  return {
    code: `${name}.eventTime(${by}, boundedOutOfOrderness('400000 d'))${code}`,
    shape: { ...behind, isTimed: true },
    canBeLeftOut: shape.isTimed,
  };
};

/** Rows that are answered later: by promises, or by threads. */
export const asked: DrawStep = ({ random, more, id }, { name, shape }) => {
  const isOrdered = sometimes(random, 2);
  const { code, shape: behind } = oneByOne(random, shape);
  const [of] = keyNames(shape);
  const options = `{ ordered: ${isOrdered}, capacity: ${1 + random.below(9)} }`;
  const fields: Fields = { ...shape.fields, [`q${id}`]: { kind: 'boolean' } };
  const result = { ...untyped(behind, fields), order: isOrdered ? behind.order : 'none' } as Shape;
  if (of !== undefined && sometimes(random, 3)) {
    return {
      code: `${name}.lookup('${of}', async (key) => await later(key), { cache: { maxEntries: 3 }, ordered: ${isOrdered} }).apply((row, found) => ({ ...row, q${id}: byText(found, row.${of}) === 0 }))${code}`,
      shape: { ...result, order: isOrdered ? behind.order : 'none' },
      settings: settings(random),
    };
  }
  if (sometimes(more, 3)) {
    const batches = `{ ordered: ${isOrdered}, batchRows: ${1 + more.below(40)} }`;
    return {
      code: `${name}.mapParallel((row) => ({ ...row, q${id}: true }), ${batches})${code}`,
      shape: result,
      settings: settings(random),
    };
  }
  return {
    code: `${name}.mapAsync(async (row) => ({ ...(await later(row)), q${id}: true }), ${options})${code}`,
    shape: result,
    settings: settings(random),
  };
};
