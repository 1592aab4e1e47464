/** `node --import` this file in threads of a test that run no tests of their own. */
import { register } from 'node:module';

register('./test-runner-hooks.mjs', import.meta.url);
