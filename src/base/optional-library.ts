/** Libraries that only one format, or option, needs: they are the user's to install, and loaded when they are asked for. */
import { createRequire } from 'node:module';
import { must } from './assert.ts';
import { moduleUrl } from './engine-files.ts';
import { EngineError } from './errors.ts';

/** The library that `what` needs; an EngineError LIBRARY_MISSING that says what to install. */
export function optionalLibrary<Library>(what: string, name: string): Library {
  try {
    const url = must(moduleUrl(import.meta), 'the place of the engine');
    return createRequire(url)(name) as Library;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'MODULE_NOT_FOUND') throw cause;
    const message = `${what} needs the package '${name}', which is not there: npm install ${name}`;
    throw new EngineError('LIBRARY_MISSING', message, { cause });
  }
}
