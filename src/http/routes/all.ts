import type { FastifyInstance } from 'fastify';
import type { NodeView } from '../node-view.js';
import { healthRoutes } from './health.js';

export type Routes = (app: FastifyInstance, node: NodeView) => void;

/** Every route module, one a line. */
export const ROUTES: readonly Routes[] = [healthRoutes];
