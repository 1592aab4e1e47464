/** Names that no other run has. */
import { randomBytes } from 'node:crypto';

/** Eight hexadecimal digits. */
export function randomId(): string {
  return randomBytes(4).toString('hex');
}
