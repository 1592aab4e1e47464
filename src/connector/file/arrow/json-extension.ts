/** The mark of a text column whose texts are JSON: the canonical extension `arrow.json`, which other programs know too. */
export const EXTENSION = 'ARROW:extension:name';
export const JSON_EXTENSION = 'arrow.json';
