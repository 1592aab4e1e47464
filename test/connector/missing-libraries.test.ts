/** Formats and options whose library is not installed; apart from other tests, since a library that is loaded stays. */
import assert from 'node:assert/strict';
import Module from 'node:module';
import { test } from 'node:test';
import { arrow } from '../../src/connector/file/arrow/arrow.ts';
import { protobuf } from '../../src/connector/file/protobuf/protobuf.ts';
import { loggerOf } from '../../src/job/log.ts';

/** Runs as if a package were not installed. */
function without(name: string, run: () => void): void {
  const loader = Module as unknown as {
    _resolveFilename(request: string, ...rest: unknown[]): string;
  };
  const resolve = loader._resolveFilename;
  loader._resolveFilename = (request, ...rest) => {
    if (request !== name) return resolve.call(loader, request, ...rest);
    throw Object.assign(new Error(`Cannot find module '${name}'`), { code: 'MODULE_NOT_FOUND' });
  };
  try {
    run();
  } finally {
    loader._resolveFilename = resolve;
  }
}

test('without its library a format, or an option, says what to install', () => {
  without('apache-arrow', () => {
    assert.throws(() => arrow(), {
      code: 'LIBRARY_MISSING',
      message: /^arrow needs the package 'apache-arrow', .* npm install apache-arrow$/,
    });
  });
  without('protobufjs', () => {
    assert.throws(() => protobuf(null, { proto: 'message Row {}', message: 'Row' }), {
      code: 'LIBRARY_MISSING',
      message: /npm install protobufjs$/,
    });
  });
  without('pino', () => {
    assert.throws(() => loggerOf('info'), {
      code: 'LIBRARY_MISSING',
      message: /^log: 'info' needs the package 'pino', .* npm install pino$/,
    });
  });
});
