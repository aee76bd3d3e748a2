import type { FuzzTarget } from './target.js';
import { detections } from './targets/detections.js';
import { prompt, requests } from './targets/prompt.js';

export const TARGETS: readonly FuzzTarget[] = [prompt, requests, detections];
