/** A process that takes a checkpoint directory, says so, writes checkpoints if told, and holds it until it is killed. */
import { EngineError } from '../../src/base/errors.ts';
import { CheckpointStorage } from '../../src/checkpoint/checkpoint-storage.ts';
import { writeCounts } from './samples.ts';

const [, , directory, mode] = process.argv;
try {
  const storage = await CheckpointStorage.open(directory!);
  console.log('taken');
  if (mode === 'write') {
    for (;;) {
      const id = storage.nextId();
      await writeCounts(storage.begin(id), id, { rows: 2000 });
      console.log(id);
    }
  }
  if (mode === 'hold') setInterval(() => {}, 1000);
  else await storage.close();
} catch (error) {
  console.log(error instanceof EngineError ? error.code : String(error));
}
