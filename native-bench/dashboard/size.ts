/** How much a browser loads for the dashboard: its files, each as it is sent. */
import { readdirSync, statSync } from 'node:fs';

const FOLDER = new URL('../../dist/dashboard/', import.meta.url);

const packed = readdirSync(FOLDER).filter((name) => name.endsWith('.gz'));
const bytes = packed.reduce((sum, name) => sum + statSync(new URL(name, FOLDER)).size, 0);
console.log(JSON.stringify({ kb: bytes / 1024 }));
