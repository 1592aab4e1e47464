/** millrace/kafka with a real broker, one for all cases. */
import './source-cases.ts';
import './connection-cases.ts';
import './sink-cases.ts';
