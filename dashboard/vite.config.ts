/** Builds the dashboard into `dist/dashboard`: a page, a script and a style, each packed beside itself, and their licences. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { constants, gzipSync } from 'node:zlib';
import { defineConfig, type Plugin } from 'vite';

const PACKED = /\.(html|js|css|svg)$/;
/** Whose code comes to be in the script. */
const LIBRARIES = ['preact', 'uplot', '@dagrejs/dagre', '@dagrejs/graphlib'] as const;

function fromHere(path: string): string {
  return fileURLToPath(new URL(path, import.meta.url));
}

/** The server sends what it finds, and packs nothing while a job runs. */
function packed(): Plugin {
  return {
    name: 'packed',
    writeBundle({ dir }, files) {
      for (const name of Object.keys(files).filter((one) => PACKED.test(one))) {
        const path = join(dir!, name);
        const options = { level: constants.Z_BEST_COMPRESSION };
        writeFileSync(`${path}.gz`, gzipSync(readFileSync(path), options));
      }
    },
  };
}

function licences(): Plugin {
  return {
    name: 'licences',
    generateBundle() {
      const texts = LIBRARIES.map((name) => {
        const text = readFileSync(fromHere(`../node_modules/${name}/LICENSE`), 'utf8');
        return `${name}\n\n${text.trim()}\n`;
      });
      this.emitFile({ type: 'asset', fileName: 'licences.txt', source: texts.join('\n\n') });
    },
  };
}

export default defineConfig({
  root: fromHere('.'),
  // A proxy may have the dashboard below a path of its own.
  base: './',
  logLevel: 'warn',
  plugins: [licences(), packed()],
  build: {
    outDir: fromHere('../dist/dashboard'),
    emptyOutDir: true,
    assetsDir: '',
    assetsInlineLimit: 0,
    modulePreload: false,
    target: ['chrome123', 'firefox120', 'safari17.5'],
    reportCompressedSize: false,
  },
});
