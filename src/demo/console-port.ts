import { once } from 'node:events';
import { createServer } from 'node:net';

const FIRST_PORT = 8080;
const TRIED = 20;

/** The console's usual port, or the next one that nobody listens on; 0, any free one, where twenty are taken. */
export async function consolePort(first: number = FIRST_PORT): Promise<number> {
  for (let port = first; port < first + TRIED; port++) if (await isFree(port)) return port;
  return 0;
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    return true;
  } catch {
    return false;
  } finally {
    server.close();
  }
}
