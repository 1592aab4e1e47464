/** Generated code: which functions share what V8 learns of a source. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  compiled,
  makerOf,
  rowLoop,
  shareLoopsByText,
  sourceOf,
} from '../../src/base/generated-code.ts';

const SOURCE = 'return (row) => of(row) + plus;\n//# sourceURL=millrace-generated:example';

test('compiled code sees its values by name', () => {
  const of = (row: number): number => row * 2;
  const loop = compiled(SOURCE, { of, plus: 1 }, [of]) as (row: number) => number;
  assert.equal(loop(20), 41);
});

test('the source is another one for each set of functions, in their order, and the same for the same', () => {
  const one = (row: number): number => row;
  const other = (row: number): number => row;
  const calls = [[one], [other], [one, other], [other, one], [one, null], [null, one], [null], []];
  const sources = calls.map((functions) => sourceOf(SOURCE, functions));
  assert.equal(new Set(sources).size, calls.length);
  assert.deepEqual(
    calls.map((functions) => sourceOf(SOURCE, functions)),
    sources,
  );
  assert.ok(sources.every((source) => source.startsWith(SOURCE)));
  assert.equal(sources.at(-1), SOURCE);
});

test('what throws is told with the name of the loop', () => {
  const of = (): never => {
    throw new Error('no row');
  };
  const loop = compiled(SOURCE, { of, plus: 1 }, [of]) as (row: number) => number;
  assert.throws(
    () => loop(1),
    (error: Error) => /millrace-generated:example-\d+:\d+/.test(error.stack!),
  );
});

for (const isShort of [true, false]) {
  test(`a ${isShort ? 'short' : 'long'} loop takes each row once, in order, and stops at the one that throws`, () => {
    const block = 'row: { if (i % 3 === 1) break row; of(i); }';
    const source = `return (from, end) => { let i = from; try {\n${rowLoop(block, 'end', isShort)}} finally { seen.push(-i); } };`;
    for (const from of [0, 2]) {
      for (let end = from; end < 12; end++) {
        for (const bad of [Infinity, 0, 2, 3, 5, 8]) {
          const seen: number[] = [];
          const of = (i: number): void => {
            if (i === bad) throw new Error('bad');
            seen.push(i);
          };
          const loop = compiled(source, { of, seen }, [of]) as (from: number, end: number) => void;
          const taken = Array.from({ length: end - from }, (_, n) => from + n).filter(
            (i) => i % 3 !== 1,
          );
          const at = taken.indexOf(bad);
          if (at < 0) loop(from, end);
          else assert.throws(() => loop(from, end), /bad/);
          const expected = at < 0 ? [...taken, -end] : [...taken.slice(0, at), -bad];
          assert.deepEqual(seen, expected);
        }
      }
    }
  });
}

// The last two of this file: what is asked for here stays so.
test('where it is asked for, functions of one text share a source, and each loop calls its own', () => {
  const by = (factor: number) => (row: number) => row * factor;
  const [two, three] = [by(2), by(3)];
  assert.notEqual(sourceOf(SOURCE, [two]), sourceOf(SOURCE, [three]));
  shareLoopsByText();
  const [four, five] = [by(4), by(5)];
  assert.equal(sourceOf(SOURCE, [four]), sourceOf(SOURCE, [five]));
  assert.notEqual(sourceOf(SOURCE, [four]), sourceOf(SOURCE, [(row: number) => row - 4]));
  const loops = [four, five].map((of) => compiled(SOURCE, { of, plus: 1 }, [of]));
  assert.deepEqual(
    loops.map((loop) => (loop as (row: number) => number)(10)),
    [41, 51],
  );
  const values = { plus: 1, of: four };
  assert.equal((compiled(SOURCE, values, [four]) as (row: number) => number)(10), 41);
});

test('what is made of one source shares nothing, and sources that are not used are forgotten', () => {
  shareLoopsByText();
  const source = 'let count = 0; return () => (count += step);';
  const make = makerOf(['step'], source);
  assert.equal(makerOf(['step'], source), make);
  assert.notEqual(makerOf(['step', 'other'], source), make);
  const [ones, twos] = [make(1), makerOf(['step'], source)(2)] as (() => number)[];
  assert.deepEqual([ones!(), ones!(), twos!(), ones!()], [1, 2, 2, 3]);
  for (let n = 0; n < 10_000; n++) makerOf([], `return ${n};`);
  const again = makerOf(['step'], source);
  assert.notEqual(again, make);
  assert.equal((again(5) as () => number)(), 5);
});
