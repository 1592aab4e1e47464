/** How an Arrow file is written. In a file of its own, as public declarations name nothing of an optional library. */
export type ArrowLayout = 'file' | 'stream';
