/** For tests of the memory that something takes. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Collects garbage: without it memory says nothing. */
export function collector(): () => Promise<void> {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  return async () => {
    collect();
    // Memory of arrays is given back a little later.
    await new Promise((resolve) => setTimeout(resolve, 20));
    collect();
  };
}
