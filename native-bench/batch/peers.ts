/** Libraries for tables, which npm installs in `native-bench/peers/batch` when they are asked for: they are large. */
import { type Command, typescript } from '../figure.ts';
import { outputOf } from '../versus/peer.ts';

const FOLDER = 'native-bench/peers/batch';

export const LIBRARIES = ['duckdb', 'polars'] as const;
export type Library = (typeof LIBRARIES)[number];

const NAMES: Readonly<Record<Library, string>> = {
  duckdb: '@duckdb/node-api',
  polars: 'nodejs-polars',
};

/** An error says what could not be installed. */
export async function installLibraries(): Promise<void> {
  console.log(`${Object.values(NAMES).join(' and ')} are installed in ${FOLDER}`);
  await install();
  for (const name of Object.values(NAMES)) {
    try {
      await load(name);
    } catch (error) {
      // npm leaves the part for this machine out where it cannot tell which C library there is.
      const part = /Cannot find module '([\w-]+)'/.exec((error as Error).message)?.[1];
      if (part === undefined) throw error;
      await install('--no-save', `${part}@${await versionOf(name)}`);
      await load(name);
    }
  }
}

function install(...packages: readonly string[]): Promise<string> {
  const args = ['--no-audit', '--no-fund', '--no-package-lock', '--prefix', FOLDER, ...packages];
  return outputOf('npm', ['install', ...args], `npm could not install ${FOLDER}`);
}

function load(name: string): Promise<string> {
  const path = JSON.stringify(`./${FOLDER}/node_modules/${name}`);
  return outputOf(process.execPath, ['-e', `require(${path})`], `${name} cannot be loaded`);
}

async function versionOf(name: string): Promise<string> {
  const path = JSON.stringify(`./${FOLDER}/node_modules/${name}/package.json`);
  const script = `process.stdout.write(require(${path}).version)`;
  return outputOf(process.execPath, ['-e', script], `${name} has no version`);
}

export function library(name: Library, ...args: readonly string[]): Command {
  return typescript(`${FOLDER}/run.mjs`, name, ...args);
}
