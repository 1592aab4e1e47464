/** Finds, reads and checks the config file. */
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { EngineError, messageOf } from '../../base/errors.ts';
import { installTypescript } from '../load-job.ts';
import { unlessIdle } from '../unless-idle.ts';
import type { MillraceConfig } from './config.ts';

const NAMES = ['ts', 'mts', 'mjs', 'js', 'json'].map((extension) => `millrace.config.${extension}`);

export type FoundConfig = {
  /** Null where there is none. */
  readonly file: string | null;
  readonly config: MillraceConfig;
};

/** The file that is named, or that of the working directory. EngineError CONFIG_INVALID. */
export async function findConfig(named: string | undefined): Promise<FoundConfig> {
  const found = named === undefined ? NAMES.filter((name) => existsSync(name)) : [named];
  const [name, other] = found;
  if (name === undefined) return { file: null, config: {} };
  if (other !== undefined) {
    throw new EngineError(
      'CONFIG_INVALID',
      `there are both ${name} and ${other}: keep one of them`,
    );
  }
  const file = resolve(name);
  const config = await read(file);
  // Where there is no file, what checks one need not be loaded.
  const { configMistakes } = await import('./config-schema.ts');
  const mistakes = configMistakes(config);
  if (mistakes.length === 0) return { file, config: config as MillraceConfig };
  throw new EngineError('CONFIG_INVALID', [`${file}:`, ...mistakes].join('\n  '));
}

async function read(file: string): Promise<unknown> {
  try {
    if (file.endsWith('.json')) return JSON.parse(readFileSync(file, 'utf8'));
    installTypescript(file);
    const loading: Promise<{ readonly default?: unknown }> = import(pathToFileURL(file).href);
    const module = await unlessIdle(loading, () => {
      throw new Error('it waits at its top level for something that never comes');
    });
    return module.default;
  } catch (cause) {
    throw new EngineError('CONFIG_INVALID', `${file} cannot be read: ${messageOf(cause)}`, {
      cause,
    });
  }
}
