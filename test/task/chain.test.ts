/** Main and side outputs of one operator: what goes to which, and when both have room. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { OutputGate } from '../../src/channel/output-gate.ts';
import { Batch } from '../../src/data/batch.ts';
import { Chain } from '../../src/task/chain.ts';

class LoggingGate implements OutputGate {
  tap = null;
  isReady = true;
  readonly hasPartial = false;
  readonly rowsMax = Infinity;
  readonly sentRows = 0;
  readonly log: string[] = [];
  emit(batch: Batch): void {
    this.log.push(`${batch.rowCount} rows`);
  }
  watermark(watermark: number): void {
    this.log.push(`W${watermark}`);
  }
  idle(isIdle: boolean): void {
    this.log.push(isIdle ? 'idle' : 'active');
  }
  barrier(checkpoint: number): void {
    this.log.push(`barrier ${checkpoint}`);
  }
  end(): void {
    this.log.push('end');
  }
  retry(): boolean {
    return false;
  }
  flush(): boolean {
    return false;
  }
  publish(): void {}
}

function rows(count: number): Batch {
  return new Batch({ rowCount: count, schema: null, rows: new Array(count).fill(0) });
}

function setUp() {
  const main = new LoggingGate();
  const side = new LoggingGate();
  const chain = new Chain([], [], [main], new Map([['side', [side]]]));
  return { main, side, chain };
}

test('batches go to the output they are for; watermarks, idleness and the end to all', () => {
  const { main, side, chain } = setUp();
  chain.head.emit(rows(2));
  chain.headSides.get('side')!.emit(rows(3));
  chain.head.watermark(5);
  chain.head.idle(true);
  chain.head.end();
  assert.deepEqual(main.log, ['2 rows', 'W5', 'idle', 'end']);
  assert.deepEqual(side.log, ['3 rows', 'W5', 'idle', 'end']);
});

test('a side output without room holds its operator back', () => {
  const { side, chain } = setUp();
  assert.equal(chain.head.isReady, true);
  side.isReady = false;
  assert.equal(chain.head.isReady, false);
  assert.equal(chain.isOutputReady, false);
});
