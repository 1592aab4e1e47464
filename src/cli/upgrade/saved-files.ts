/**
 * Tells when a module, or a local module that it imports, has been saved. It looks at the files from time to time: editors
 * save in many ways, by a new file under the old name for one, and a look at a few files costs next to nothing.
 */
import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';

const LOOK_MS = 100;

/** The module and what it imports, but for packages; the module alone where one of them does not compile. */
export async function modulesOf(entry: string): Promise<readonly string[]> {
  const { build, stop } = await import('esbuild');
  try {
    const { metafile } = await build({
      entryPoints: [entry],
      bundle: true,
      write: false,
      metafile: true,
      platform: 'node',
      format: 'esm',
      packages: 'external',
      outdir: '.',
      logLevel: 'silent',
      loader: { '.node': 'empty', '.wasm': 'empty' },
    });
    return Object.keys(metafile.inputs).map((path) => resolve(path));
  } catch {
    return [entry];
  } finally {
    await stop();
  }
}

export class SavedFiles {
  readonly #entry: string;
  /** Contents by path, of every version so far: an import that was left out by mistake comes back. */
  readonly #known = new Map<string, string>();
  readonly #timer: NodeJS.Timeout;
  #stamps = '';
  #isTouched = false;
  #isSaved = false;
  #waiting: (() => void)[] = [];

  constructor(entry: string) {
    this.#entry = entry;
    this.#known.set(entry, contentsOf(entry));
    this.#timer = setInterval(() => this.#look(), LOOK_MS);
  }

  /** Looks which modules there are now. */
  async update(): Promise<void> {
    for (const file of await modulesOf(this.#entry)) {
      if (!this.#known.has(file)) this.#known.set(file, contentsOf(file));
    }
  }

  /** Resolves when a file has other contents than at the last `take`, and all have been left alone for a moment. */
  async saved(): Promise<void> {
    if (this.#isSaved) return;
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  /** What has been saved so far is taken up: only what comes now is news. */
  take(): void {
    this.#isSaved = false;
  }

  #look(): void {
    const stamps = [...this.#known.keys()].map(stampOf).join('\n');
    if (stamps !== this.#stamps) {
      this.#stamps = stamps;
      this.#isTouched = true;
    } else if (this.#isTouched) {
      this.#isTouched = false;
      this.#compare();
    }
  }

  #compare(): void {
    for (const [file, before] of this.#known) {
      const contents = contentsOf(file);
      if (contents === before) continue;
      this.#known.set(file, contents);
      this.#isSaved = true;
    }
    if (!this.#isSaved) return;
    for (const resolve of this.#waiting) resolve();
    this.#waiting = [];
  }

  close(): void {
    clearInterval(this.#timer);
  }
}

/** In short; empty for a file that is not there: an editor may be about to put another in its place. */
function contentsOf(file: string): string {
  try {
    return createHash('sha256').update(readFileSync(file)).digest('hex');
  } catch {
    return '';
  }
}

function stampOf(file: string): string {
  const stats = statSync(file, { throwIfNoEntry: false });
  return stats === undefined ? '' : `${stats.mtimeMs} ${stats.size} ${stats.ino}`;
}
