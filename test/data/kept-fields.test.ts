/** Which functions leave their first parameter the fields that it has, as their source tells. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keepsFields } from '../../src/data/kept-fields.ts';

function keeps(source: string): boolean {
  return keepsFields(new Function(`return ${source}`)(), ['sum', 'count']);
}

for (const source of [
  '(so, row) => { so.sum += row.n; so.count++; return so; }',
  'function (so, row) { so.sum = Math.max(so.sum, row.n); return so }',
  'function named(so) { if (so.sum > 1) { return so; } return { sum: 1, count: 0 }; }',
  '({ add(so, row) { --so.count; row.so = 1; return so; } }).add',
  'so => { return so; }',
  '(so, row) => ({ sum: so.sum + row.n, count: so.count + 1 })',
  '(so, row) => { row.other = so.sum; return so; }',
]) {
  test(`${source} keeps them`, () => assert.equal(keeps(source), true));
}

for (const source of [
  '(so, row) => { so.last = row; return so; }',
  '(so, row) => { delete so.sum; return so; }',
  '(so, row) => { so["last"] = row; return so; }',
  '(so, row) => Object.assign(so, row)',
  '(so, row) => { const again = so; again.last = row; return so; }',
  '(so, row) => { keep(so); return so; }',
  '(so, row) => { [so][0].last = row; return so; }',
  '(so, row) => { so.sum(); return so; }',
  '(so, row) => { so?.sum?.(); return so; }',
  '(so, row) => { so.sum`a`; return so; }',
  '(so, row, same = so) => { same.last = row; return so; }',
  '(so, row) => { with (so) { sum = 1; } return so; }',
  '(so, row) => { eval("so.last = row"); return so; }',
  'function (so, row) { arguments[0].last = row; return so; }',
  '(so, row) => { s\\u006f.last = row; return so; }',
  '(so, row) => { `$' + '{(so.last = row)}`; return so; }',
  '(so = {}, row) => { return so; }',
  '({ sum }, row) => { return sum; }',
  '(...all) => { all[0].last = 1; return all[0]; }',
  '() => 1',
  '((so) => { return so; }).bind(null)',
  '1',
]) {
  test(`${source} may not`, () => assert.equal(keeps(source), false));
}
