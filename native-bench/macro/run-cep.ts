/**
 * Matches of a pattern by the engine, on one thread, or by a state machine written by hand.
 *
 *   run-cep.ts <engine | loop> <strict | relaxed> <records> <keys>             { ms, matches }
 *   run-cep.ts <engine | loop> <strict | relaxed> <records> <keys> collect     { matches, checksum }
 */
import { performance } from 'node:perf_hooks';
import { matches } from './cep.ts';
import { checksumOf, fill, isFirst, isSecond, isThird, WITHIN_MS } from './cep-shape.ts';

const [way, contiguity, count, keys, action] = process.argv.slice(2);
const KEYS = Number(keys);
const COUNT = Number(count);
const BATCH = 4096;
const isStrict = contiguity === 'strict';

/** What a key has seen of matches that have begun: when, and their values so far. */
type Begun = { readonly time: number; readonly first: number; second: number };

function loop() {
  const columns = {
    key: new Int32Array(BATCH),
    value: new Int32Array(BATCH),
    time: new Float64Array(BATCH),
  };
  const begun: (Begun[] | null)[] = new Array(KEYS).fill(null);
  let [found, checksum] = [0, 0];
  const begin = performance.now();
  for (let from = 0; from < COUNT; from += BATCH) {
    const rowCount = Math.min(BATCH, COUNT - from);
    fill(columns, from, rowCount, KEYS);
    for (let i = 0; i < rowCount; i++) {
      const key = columns.key[i]!;
      const value = columns.value[i]!;
      const time = columns.time[i]!;
      const all = begun[key]!;
      if (all === null && !isFirst(value)) continue;
      const kept: Begun[] = [];
      for (const one of all ?? []) {
        if (time - one.time >= WITHIN_MS) continue;
        if (one.second < 0 && isSecond(value)) kept.push({ ...one, second: value });
        else if (one.second >= 0 && isThird(value)) {
          found++;
          checksum += checksumOf(key, one.first, one.second, value);
        } else if (!isStrict) kept.push(one);
      }
      if (isFirst(value)) kept.push({ time, first: value, second: -1 });
      begun[key] = kept.length === 0 ? null : kept;
    }
  }
  return { ms: performance.now() - begin, matches: found, checksum };
}

async function engine() {
  const options = { threads: 1, params: { count: COUNT, keys: KEYS, strict: isStrict ? 1 : 0 } };
  if (action !== 'collect') {
    const { durationMs, operators } = await matches.run(options);
    return { ms: durationMs, matches: operators.at(-1)!.recordsIn, checksum: 0 };
  }
  const { found } = await matches.collect(options);
  let checksum = 0;
  for (const { key, first, second, third } of found) {
    checksum += checksumOf(key, first, second, third);
  }
  return { ms: 0, matches: found.length, checksum };
}

const { ms, ...report } = way === 'loop' ? loop() : await engine();
console.log(JSON.stringify(action === 'collect' ? report : { ms, matches: report.matches }));
