import type { Stats } from 'node:fs';
import { stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { UnavailableError } from '../errors.js';
import { RECORD_FILE } from './record.js';

/** Who this process is, in numbers. */
export interface Identity {
  readonly uid: number;
  readonly gids: readonly number[];
}

const OTHERS_MAY_WRITE = 0o002;
const GROUP_MAY_WRITE = 0o020;
/** In a folder with it, nobody renames what is somebody else's (/tmp). */
const STICKY = 0o1000;
const ROOT = 0;

export function ownIdentity(): Identity {
  return {
    uid: process.geteuid?.() ?? ROOT,
    gids: [...(process.getgroups?.() ?? []), process.getegid?.() ?? ROOT],
  };
}

/**
 * A TensorRT plan is code: whoever may write it runs as this service. So the cache, a model's folder in it and its files
 * must be writable by nobody but root, this user, the cache's owner, and members of this user's groups where the cache is theirs.
 * What is not there yet passes.
 * @throws UnavailableError with the path, what is wrong, and what to do.
 */
export async function requireOwnCache(
  {
    cache,
    folder,
    plans,
  }: { readonly cache: string; readonly folder: string; readonly plans: readonly string[] },
  who: Identity = ownIdentity(),
): Promise<void> {
  await requireWayTo(cache, who);
  const root = await found(cache);
  if (root === undefined) return;
  const shared = (root.mode & GROUP_MAY_WRITE) !== 0 && who.gids.includes(root.gid);
  const owners = new Set([ROOT, who.uid]);
  // Who builds into the service's cache as a member of its group trusts the service.
  if (shared) owners.add(root.uid);
  if (!owners.has(root.uid)) throw refusal(cache, `belongs to user ${root.uid}`, owned(cache));
  for (const path of [cache, folder, join(folder, RECORD_FILE), ...plans]) {
    const facts = await found(path);
    if (facts === undefined) continue;
    requireClosed(path, facts, who);
    if (!owners.has(facts.uid) && !(shared && facts.gid === root.gid))
      throw refusal(path, `belongs to user ${facts.uid}`, owned(path));
  }
}

/** Whoever may rename a folder on the way puts another one into its place. */
async function requireWayTo(path: string, who: Identity): Promise<void> {
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    const facts = await found(folder);
    if (facts !== undefined && (facts.mode & STICKY) === 0) requireClosed(folder, facts, who);
    if (folder === dirname(folder)) return;
  }
}

function requireClosed(path: string, { mode, gid }: Stats, { gids }: Identity): void {
  if ((mode & OTHERS_MAY_WRITE) !== 0)
    throw refusal(path, 'may be written by every user of this machine', `Run: sudo chmod o-w ${path}`);
  if ((mode & GROUP_MAY_WRITE) !== 0 && gid !== ROOT && !gids.includes(gid))
    throw refusal(
      path,
      `may be written by group ${gid}, which this user is not in`,
      `Run: sudo chmod g-w ${path}`,
    );
}

const owned = (path: string): string =>
  `Run: sudo chown -R "$USER" ${path} (with the service's user in the place of $USER)`;

function refusal(path: string, what: string, remedy: string): UnavailableError {
  return new UnavailableError(
    `TensorRT engines are programs, and ${path} ${what}: none are loaded from there. ${remedy}, or name another folder in model.cache.`,
  );
}

async function found(path: string): Promise<Stats | undefined> {
  return stat(path).catch(() => undefined);
}
