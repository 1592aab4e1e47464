/** Seeds of simulations that have failed once. */
export const OLD_SEEDS: readonly number[] = [
  182611386, 182611402, 182612030, 182612543, 85549150, 130253775, 154139702,
];
