/** The peers of Java: what Maven builds in a folder of `native-bench/peers`, in a JVM of its own. */
import type { Command } from '../figure.ts';
import { outputOf, type Peer } from './peer.ts';

const JAVA_LEAST = 17;

/** What the JVM is given. */
export type JvmOptions = {
  readonly collector: 'parallel' | 'g1';
  /** As Java writes it: '4g'. That, or what a corpus needs, when left out. */
  readonly heap?: string;
  /** Of queries in Flink: 'stream' when left out. */
  readonly api?: 'stream' | 'sql';
};

const HEAP = '4g';
/** With some GB of events. */
const CORPUS_HEAP = '8g';

const COLLECTORS = { parallel: '-XX:+UseParallelGC', g1: '-XX:+UseG1GC' };

/** What the start scripts of the peers open of the JDK, as far as these jobs need it. */
const OPENED = ['java.base/java.lang', 'java.base/java.util', 'java.base/java.time'];
const HAZELCAST_OPENED = [
  ...['java.base/java.lang', 'java.base/sun.nio.ch', 'java.management/sun.management'],
  'jdk.management/com.sun.management.internal',
];

export function flink(options: JvmOptions): Peer {
  const isSql = options.api === 'sql';
  return {
    id: 'flink',
    name: isSql ? 'Flink SQL' : 'Flink',
    isSql,
    build: () => buildByMaven('Flink', 'flink'),
    command: (args) =>
      java(options, 'flink', opened(OPENED), isSql ? [...args, '--api', 'sql'] : args),
  };
}

export function hazelcast(options: JvmOptions): Peer {
  return {
    id: 'hazelcast',
    name: 'Hazelcast Jet',
    isSql: false,
    build: () => buildByMaven('Hazelcast', 'hazelcast'),
    command: (args) =>
      java(
        options,
        'hazelcast',
        [
          ...['--add-modules', 'java.se', '--add-exports=java.base/jdk.internal.ref=ALL-UNNAMED'],
          ...opened(HAZELCAST_OPENED),
        ],
        args,
      ),
  };
}

function opened(packages: readonly string[]): readonly string[] {
  return packages.map((name) => `--add-opens=${name}=ALL-UNNAMED`);
}

async function buildByMaven(name: string, folder: string): Promise<void> {
  const needs = `${name} needs a JDK, ${JAVA_LEAST} or newer`;
  const java = await outputOf('java', ['-version'], needs);
  const version = Number(/version "(\d+)/.exec(java)?.[1]);
  if (!(version >= JAVA_LEAST)) throw new Error(`${needs}, and 'java' is ${java.split('\n')[0]}`);
  await outputOf('mvn', ['-version'], `Maven builds the programs for ${name}`);
  const path = `native-bench/peers/${folder}`;
  await outputOf(
    'mvn',
    ['--batch-mode', '--quiet', '--file', `${path}/pom.xml`, 'package'],
    `Maven could not build ${path}`,
  );
}

/** `args` are those of the Main.java of the folder. */
function java(
  { collector, heap }: JvmOptions,
  folder: string,
  more: readonly string[],
  args: readonly string[],
): Command {
  const size = heap ?? (args.includes('--corpus') ? CORPUS_HEAP : HEAP);
  const target = `native-bench/peers/${folder}/target`;
  const classpath = `${target}/${folder}-peer.jar:${target}/lib/*`;
  return {
    program: 'java',
    args: [
      ...[COLLECTORS[collector], `-Xms${size}`, `-Xmx${size}`, ...more],
      ...['-classpath', classpath, 'versus.Main', ...args],
    ],
    env: { TZ: 'UTC' },
  };
}
