import { render } from 'preact';
import { App } from './app.js';
import { createLiveClient } from './live/client.js';
import { startTheme } from './shell/theme.js';
import './base.css';

startTheme();
const live = createLiveClient();
live.start();
const root = document.getElementById('app');
if (root) render(<App live={live} />, root);
