/** What a sink of files tells of the files that others see now. */
import { join } from 'node:path';
import { bucketOf } from './part-name.ts';

export type CommittedFile = {
  /** In the folder that was given to `files`, and with it. */
  readonly path: string;
  /** The folder below that, such as 'country=DE'; '' without buckets. */
  readonly bucket: string;
};

export type CommittedFiles = {
  /** That have got their names. */
  readonly files: readonly CommittedFile[];
  /** The bounded job is complete: nothing follows. `files` may be empty then. */
  readonly isEnd: boolean;
};

export type OnCommit = (committed: CommittedFiles) => void | PromiseLike<void>;

/** `paths`: of finished files, below the folder. */
export function committedFiles(
  folder: string,
  paths: readonly string[],
  isEnd: boolean,
): CommittedFiles {
  const files = paths.map((path) => ({ path: join(folder, path), bucket: bucketOf(path) }));
  return { files, isEnd };
}
