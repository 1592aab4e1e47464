/** Patterns over many keys on threads, and the same by plain loops. */
import { type Flow, job, monotonous, record, type Stream, t } from 'millrace';
import { pattern } from 'millrace/cep';
import { files, jsonLines } from 'millrace/connectors/files';
import { heldRows } from './held-rows.ts';

const RECORDS = 60_000;
const KEYS = 500;

const Step = record({ key: t.int32, v: t.int32, n: t.int32, time: t.timestamp });
type Step = { key: number; v: number; n: number; time: number };

/** A record by its number: keys mixed, three kinds of records. */
function step(i: number): Step {
  const mixed = Math.imul(i ^ (i >>> 5), 0x85ebca6b);
  const v = ((Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35) >>> 8) % 1000) % 3;
  return { key: (mixed >>> 0) % KEYS, v, n: i, time: i * 10 };
}

const rises = pattern<Step>()
  .begin('a', ({ v }) => v === 0)
  .followedBy('b', ({ v }) => v === 1)
  .next('c', ({ v }, ctx) => v === 2 && ctx.matched('a').length === 1)
  .within('60 s');

type Rise = { key: number; a: number; b: number; c: number };

function risesOf(flow: Flow, rate = 0): Stream<Rise> {
  return flow
    .from(heldRows(flow, { schema: Step, count: RECORDS, row: step }), { parallelism: 1, rate })
    .eventTime('time', monotonous())
    .keyBy('key')
    .match(rises)
    .select(({ a, b, c }) => ({ key: a[0].key, a: a[0].n, b: b[0].n, c: c[0].n }));
}

export const found = job(import.meta, 'found', (flow) => ({ rises: risesOf(flow) }));

export const storedRises = job(import.meta, 'stored rises', (flow) => {
  risesOf(flow, flow.param('rate', 0))
    .uid('rises')
    .to(files(flow.param('out', 'out'), jsonLines()));
});

/** Of a key at a time: each 0, the first 1 behind it, and a 2 right behind that. */
export function expectedRises(): Rise[] {
  const byKey = new Map<number, Step[]>();
  for (let i = 0; i < RECORDS; i++) {
    const row = step(i);
    byKey.set(row.key, [...(byKey.get(row.key) ?? []), row]);
  }
  return [...byKey.values()].flatMap((rows) =>
    rows.flatMap((a, at): Rise[] => {
      if (a.v !== 0) return [];
      const second = rows.findIndex((row, i) => i > at && row.v === 1);
      const [b, c] = second < 0 ? [] : rows.slice(second, second + 2);
      if (c?.v !== 2 || c.time - a.time >= 60_000) return [];
      return [{ key: a.key, a: a.n, b: b!.n, c: c.n }];
    }),
  );
}
