#!/usr/bin/env node
/** The command `millrace`. */
import { millraceProgram } from './program.ts';

// Places in errors are those of the TypeScript that the user wrote.
process.setSourceMapsEnabled(true);
await millraceProgram().parseAsync();
