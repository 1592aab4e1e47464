/** Waiting for what may never come. */

/**
 * What is awaited; once nothing is left in this process that could bring it, such as a timer, a socket or a thread, what `onIdle`
 * returns or throws. Node would end the process without a word.
 */
export async function unlessIdle<T>(awaited: Promise<T>, onIdle: () => T): Promise<T> {
  let wake: () => void = () => {};
  const idle = new Promise<void>((resolve) => {
    wake = resolve;
  });
  process.once('beforeExit', wake);
  try {
    return await Promise.race([awaited, idle.then(onIdle)]);
  } finally {
    process.off('beforeExit', wake);
  }
}
