/** `node --import` this file: .ts modules load on every supported Node, also where it cannot strip types. */
import { register } from 'node:module';

export const needsHooks =
  process.features.typescript === undefined || process.features.typescript === false;

if (needsHooks) {
  register('./typescript-hooks.mjs', import.meta.url);
  process.setSourceMapsEnabled(true);
}
