/**
 * Enriches rows by a lookup: each sale gets the name of its product, from a service that is asked once for each product.
 *
 *   3 x tea
 *   1 x coffee
 *   2 x tea
 *   4 x unknown
 *   asked 3 times for 4 sales
 */
import { collection, job, record, t } from 'millrace';

const Sale = record({ product: t.int32, pieces: t.int32 });

const catalogue: ReadonlyMap<number, string> = new Map([
  [1, 'tea'],
  [2, 'coffee'],
]);
let asked = 0;

/** Stands for a database, or a service: `signal` would end the request when nobody waits for it any more. */
async function findProduct(id: number, signal: AbortSignal): Promise<string | undefined> {
  signal.throwIfAborted();
  asked++;
  return catalogue.get(id);
}

const enriched = job(import.meta, 'enriched', (flow) => {
  const sales = [
    { product: 1, pieces: 3 },
    { product: 2, pieces: 1 },
    { product: 1, pieces: 2 },
    { product: 3, pieces: 4 },
  ];
  const named = flow
    .from(collection(sales, Sale))
    .lookup('product', (id, { signal }) => findProduct(id, signal), {
      cache: { maxEntries: 10_000, ttl: '10 min' },
      timeout: '5 s',
    })
    .apply(({ pieces }, name) => ({ pieces, name: name ?? 'unknown' }));
  return { named };
});

const { named } = await enriched.collect({ threads: 0 });
for (const { pieces, name } of named) console.log(`${pieces} x ${name}`);
console.log(`asked ${asked} times for ${named.length} sales`);
