// SPDX-License-Identifier: Apache-2.0
import { render } from 'preact';
import './styles/tokens.css';
import './styles/shell.css';
import './styles/controls.css';
import './styles/strip.css';
import './styles/system.css';
import './styles/stream.css';
import './styles/query.css';
import './styles/first-run.css';
import './styles/panel.css';
import './styles/metrics.css';
import './styles/narrow.css';
import { watchStatus } from './api/status';
import { App } from './app';
import { startClock } from './state/clock';
import { startConsole } from './state/console';
import { startData } from './state/data';
import { startKeys } from './state/keys';
import { startStream } from './state/stream';

watchStatus();
startClock();
startData();
startStream();
startConsole();
startKeys();

const root = document.getElementById('app');
if (root) render(<App />, root);
