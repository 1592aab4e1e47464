/** Libraries that only one format, or option, needs: they are the user's to install, and loaded when they are asked for. */
import { createRequire } from 'node:module';
import { EngineError } from './errors.ts';

const requireFrom = createRequire(import.meta.url);

/** The library that `what` needs; an EngineError LIBRARY_MISSING that says what to install. */
export function optionalLibrary<Library>(what: string, name: string): Library {
  try {
    return requireFrom(name) as Library;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'MODULE_NOT_FOUND') throw cause;
    const message = `${what} needs the package '${name}', which is not there: npm install ${name}`;
    throw new EngineError('LIBRARY_MISSING', message, { cause });
  }
}
