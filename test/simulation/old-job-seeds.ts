/** Seeds of random jobs that have failed once. A change of the generator makes other jobs of them. */
export const OLD_JOB_SEEDS: readonly number[] = [116, 414, 416, 20234];
