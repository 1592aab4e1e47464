/** Libraries that only one format needs: they are the user's to install, and loaded when the format is made. */
import { createRequire } from 'node:module';
import { EngineError } from '../../base/errors.ts';

const requireFrom = createRequire(import.meta.url);

/** The library; an EngineError LIBRARY_MISSING that says what to install. */
export function optionalLibrary<Library>(format: string, name: string): Library {
  try {
    return requireFrom(name) as Library;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'MODULE_NOT_FOUND') throw cause;
    const message = `${format} needs the package '${name}', which is not there: npm install ${name}`;
    throw new EngineError('LIBRARY_MISSING', message, { cause });
  }
}
