/** A job by the code in the address of this module, so that threads find it: they import what the job was defined in. */
import { jobOf } from './random-job.ts';

const { searchParams } = new URL(import.meta.url);

export default jobOf('random job of threads', searchParams.get('code')!, import.meta);
