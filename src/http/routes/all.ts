import type { FastifyInstance } from 'fastify';
import type { NodeView } from '../node-view.js';
import { asyncApiRoutes } from './asyncapi.js';
import { cameraRoutes } from './cameras.js';
import { everythingRoutes } from './everything.js';
import { frameRoutes } from './frame.js';
import { healthRoutes } from './health.js';
import { infoRoutes } from './info.js';
import { metricsRoutes } from './metrics.js';
import { openApiRoutes } from './openapi.js';
import { promptRoutes } from './prompt.js';
import { reloadRoutes } from './reload.js';
import { segmentRoutes } from './segment.js';
import { tracksRoutes } from './tracks.js';

export type Routes = (app: FastifyInstance, node: NodeView) => void;

/** Every route module, one a line. */
export const ROUTES: readonly Routes[] = [
  healthRoutes,
  metricsRoutes,
  infoRoutes,
  openApiRoutes,
  asyncApiRoutes,
  cameraRoutes,
  frameRoutes,
  promptRoutes,
  everythingRoutes,
  tracksRoutes,
  segmentRoutes,
  reloadRoutes,
];
