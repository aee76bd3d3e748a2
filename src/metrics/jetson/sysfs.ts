/**
 * Files of /sys, read so that nothing that a kernel does there can hurt: what is absent, unreadable or nonsense is null.
 * They are read one after the other, so that one that hangs (an I2C bus that is stuck) holds one thread of libuv's pool.
 */
import { open, readdir } from 'node:fs/promises';

/** Entries of a folder that are looked at; a machine has a few dozen. */
const MAX_ENTRIES = 128;
/** More than any attribute that is a name or a number. */
const MAX_BYTES = 256;
const NAME = /^[A-Za-z0-9][A-Za-z0-9 _.:/-]{0,47}$/;
const NUMBER = /^-?\d{1,18}$/;

/** Names in a folder, in the order of their numbers; none where it can't be read. */
export async function entries(path: string): Promise<readonly string[]> {
  const names = await readdir(path).catch(() => []);
  return names.sort((a, b) => a.localeCompare(b, 'en', { numeric: true })).slice(0, MAX_ENTRIES);
}

/** The text of an attribute, trimmed; of a device tree's without its NULs. */
export async function textOf(path: string): Promise<string | null> {
  try {
    const file = await open(path, 'r');
    try {
      const { bytesRead, buffer } = await file.read(Buffer.alloc(MAX_BYTES), 0, MAX_BYTES, 0);
      return buffer.toString('utf8', 0, bytesRead).replaceAll('\0', ' ').trim();
    } finally {
      await file.close();
    }
  } catch {
    return null;
  }
}

/** A name that may become a label. */
export async function nameOf(path: string): Promise<string | null> {
  const text = await textOf(path);
  return text !== null && NAME.test(text) ? text : null;
}

/** A whole number, in the attribute's own unit. */
export async function numberOf(path: string): Promise<number | null> {
  const text = await textOf(path);
  return text !== null && NUMBER.test(text) ? Number(text) : null;
}
