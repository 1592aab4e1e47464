/** The dashboard of a running job: one page, fed by the REST API and the events of the process that serves it. */
import './style/base.css';
import './style/shell.css';
import './style/parts.css';
import './style/graph.css';
import './style/pages.css';
import 'uplot/dist/uPlot.min.css';
import { render } from 'preact';
import { App } from './app.tsx';
import { watch } from './data/live.ts';
import './data/theme.ts';

// First, so that the answers are under way while the page is built.
watch();
render(<App />, document.body);
