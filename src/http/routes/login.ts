import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { check, parseJsonObject } from '../../prompts/json.js';
import type { Access } from '../guard/access.js';
import { bodyBytes } from '../json-body.js';

const LOGIN_MAX_BYTES = 8192;
export const loginSchema = z.object({ token: z.string({ error: 'the token of http.tokenFile' }) });

/** `POST /api/login` {"token"} → the console's cookie; `POST /api/logout`. Both answer 204. */
export function loginRoutes(app: FastifyInstance, access: Access | null): void {
  app.post('/api/login', { bodyLimit: LOGIN_MAX_BYTES, config: { open: true } }, async (request, reply) => {
    if (access === null) return reply.code(204).send();
    const { token } = check(loginSchema, parseJsonObject(bodyBytes(request), LOGIN_MAX_BYTES));
    access.login(token, request, reply);
    return reply.code(204).send();
  });
  app.post('/api/logout', { bodyLimit: LOGIN_MAX_BYTES, config: { open: true } }, async (_request, reply) => {
    access?.logout(reply);
    return reply.code(204).send();
  });
}
