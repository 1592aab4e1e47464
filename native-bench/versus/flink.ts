/** Flink in a process of its own: how its programs are built, and the command that runs one. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Command } from '../figure.ts';
import { PROJECT_FOLDER } from '../run-program.ts';

const FOLDER = 'native-bench/peers/flink';
const JAVA_LEAST = 17;

/** What the JVM is given. */
export type JvmOptions = {
  readonly collector: 'parallel' | 'g1';
  /** As Java writes it: '4g'. That, or what a corpus needs, when left out. */
  readonly heap?: string;
};

const HEAP = '4g';
/** With some GB of events. */
const CORPUS_HEAP = '8g';

const COLLECTORS = { parallel: '-XX:+UseParallelGC', g1: '-XX:+UseG1GC' };

/** What Flink's own start script opens of the JDK, as far as these jobs need it. */
const OPENED = ['java.lang', 'java.util', 'java.time'].map(
  (name) => `--add-opens=java.base/${name}=ALL-UNNAMED`,
);

/** Builds the programs by Maven. An error says what is missing. */
export async function buildFlink(): Promise<void> {
  const java = await outputOf('java', ['-version'], `Flink needs a JDK, ${JAVA_LEAST} or newer`);
  const version = Number(/version "(\d+)/.exec(java)?.[1]);
  if (!(version >= JAVA_LEAST)) {
    throw new Error(`Flink needs JDK ${JAVA_LEAST} or newer, and 'java' is ${java.split('\n')[0]}`);
  }
  await outputOf('mvn', ['-version'], 'Maven builds the programs for Flink');
  await outputOf(
    'mvn',
    ['--batch-mode', '--quiet', '--file', `${FOLDER}/pom.xml`, 'package'],
    `Maven could not build ${FOLDER}`,
  );
}

/** Rejects with what was wanted, and what the program said. */
async function outputOf(program: string, args: readonly string[], what: string): Promise<string> {
  try {
    const { stdout, stderr } = await promisify(execFile)(program, args, { cwd: PROJECT_FOLDER });
    return stdout + stderr;
  } catch (cause) {
    const { code, stdout = '' } = cause as { code?: unknown; stdout?: string };
    const why = code === 'ENOENT' ? `there is no '${program}' on the path` : stdout.trim();
    throw new Error(`${what}: ${why}`, { cause });
  }
}

/** `args` are those of Main.java. */
export function flink({ collector, heap }: JvmOptions, args: readonly string[]): Command {
  const size = heap ?? (args.includes('--corpus') ? CORPUS_HEAP : HEAP);
  return {
    program: 'java',
    args: [
      COLLECTORS[collector],
      `-Xms${size}`,
      `-Xmx${size}`,
      ...OPENED,
      '-classpath',
      `${FOLDER}/target/flink-peer.jar:${FOLDER}/target/lib/*`,
      'versus.Main',
      ...args,
    ],
    env: { TZ: 'UTC' },
  };
}
