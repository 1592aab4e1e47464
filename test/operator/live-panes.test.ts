/** Live panes against a sorted list, and what it takes to lose the first of many. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Random } from '../../src/base/random.ts';
import { LivePanes } from '../../src/operator/window/live-panes.ts';

type Start = { readonly start: number };

test('panes come and go as in a sorted list', () => {
  const random = new Random(1);
  const panes = new LivePanes<Start>();
  let model: Start[] = [];
  for (let i = 0; i < 20_000; i++) {
    const start = Math.floor(random.float() * 2000);
    const known = model.find((pane) => pane.start === start);
    assert.equal(panes.find(start), known);
    if (known === undefined && i % 5000 < 2500) {
      panes.add({ start });
      model.push(panes.find(start)!);
      model.sort((a, b) => a.start - b.start);
    }
    if (i % 5000 >= 1000 && model.length > 0) assert.equal(panes.takeFirst(), model.shift());
    assert.equal(panes.first, model[0]);
    if (i % 100 === 0) assert.deepEqual(panes.all, model);
    assert.deepEqual(
      panes.before(start),
      model.filter((pane) => pane.start < start),
    );
    if (i % 7000 === 6999) {
      assert.deepEqual(panes.takeAll(), model);
      model = [];
    }
  }
});

test('what the first of many panes takes does not grow with those behind it', () => {
  const panes = new LivePanes<Start>();
  const count = 300_000;
  for (let start = 0; start < count; start++) panes.add({ start });
  const before = process.cpuUsage();
  for (let start = 0; start < count; start++) {
    assert.equal(panes.before(start + 1).length, 1);
    panes.takeFirst();
  }
  const { user, system } = process.cpuUsage(before);
  assert.equal(panes.first, undefined);
  assert.ok(user + system < 5_000_000, `${user + system} us`);
});
