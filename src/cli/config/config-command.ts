/** `millrace config`: what the config file says, and the schema by which editors know it. */
import { type AnswerFlags, answer } from '../answer.ts';
import type { ExitCode } from '../exit-codes.ts';
import { findConfig } from './config-file.ts';
import { configJsonSchema } from './config-schema.ts';

export type ConfigFlags = AnswerFlags & { readonly config?: string; readonly schema?: boolean };

/** Exit code of the process. */
export function configCommand({ config, schema, ...flags }: ConfigFlags): Promise<ExitCode> {
  const text = (value: unknown): string => JSON.stringify(value, null, 2);
  if (schema) return answer(flags, configJsonSchema, text);
  return answer(
    flags,
    () => findConfig(config),
    (found) =>
      found.file === null
        ? 'there is no millrace.config.ts, .mts, .mjs, .js or .json here'
        : `${found.file}\n${text(found.config)}`,
  );
}
