import type { Job } from '../data/shapes.ts';

export type PageProps = { readonly job: Job };
