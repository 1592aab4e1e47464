/** Seeds of random jobs that have failed once. The generator may draw others from them since then. */
export const OLD_JOB_SEEDS: readonly number[] = [];
