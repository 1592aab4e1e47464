/** Each query gives what a plain program gives for the same events, on one thread and on two. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { checksumOf } from '../../native-bench/nexmark/checksum.ts';
import { corpusFile, eventsOf, loadCorpus } from '../../native-bench/nexmark/corpus.ts';
import { expectedChecksum, ORACLES } from '../../native-bench/nexmark/oracle.ts';
import { QUERIES } from '../../native-bench/nexmark/queries.ts';
import { provideCorpus } from '../../native-bench/nexmark/source.ts';

const folder = mkdtempSync(join(tmpdir(), 'millrace-nexmark-'));
after(() => rmSync(folder, { recursive: true }));

/** At this rate they last for 40 seconds: several windows of each kind. */
const corpus = loadCorpus(corpusFile({ events: 20_000, rate: 500, folder }));
provideCorpus(corpus);

for (const { id, checksum } of QUERIES) {
  if (ORACLES[id] === undefined) continue;
  const expected = expectedChecksum(id, eventsOf(corpus));
  for (const threads of [0, 2]) {
    test(`${id} with ${threads} threads`, async () => {
      const found = await checksum({ threads, parallelism: 2 });
      assert.equal(found.rows, expected.rows);
      assert.equal(String(found), String(expected));
      if (id !== 'floor') assert.ok(found.rows > 0);
    });
  }
}

test('the checksum is what other programs make it, too', () => {
  assert.equal(String(checksumOf(['1|abc'])), '41e81f5c181bed5a');
  assert.equal(String(checksumOf(['1|abc', '-5||0.908'])), '84db6013b7dc3a0b');
});
