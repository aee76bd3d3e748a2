import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { SamwireError, UnavailableError } from '../errors.js';
import { repairOf } from './repair.js';
import type { NativeAddon } from './types.js';

let loaded: NativeAddon | undefined;

/** The package's root folder, from the sources as well as from dist/. */
export const PACKAGE_ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** The addon, from the package's root. */
export const ADDON_FILE = 'build/Release/samwire.node';

/**
 * The native addon, loaded once a thread. This is the only file that loads it.
 * @throws UnavailableError with what to do on this machine.
 */
export function loadAddon(): NativeAddon {
  if (loaded) return loaded;
  const path = `${PACKAGE_ROOT}${ADDON_FILE}`;
  try {
    const addon = createRequire(import.meta.url)(path) as NativeAddon;
    addon.setErrorClass(SamwireError as never);
    loaded = addon;
    return addon;
  } catch (cause) {
    throw new UnavailableError(explain(path, cause), { cause });
  }
}

function explain(path: string, cause: unknown): string {
  const text = cause instanceof Error ? cause.message : String(cause);
  const { setUp, rebuild } = repairOf(PACKAGE_ROOT);
  const remedy = /Cannot find module/.test(text)
    ? `It is not there. Run: ${setUp}`
    : /libgst|libglib|libgobject/.test(text)
      ? 'GStreamer is missing. Run: sudo apt-get install -y libgstreamer1.0-0 libgstreamer-plugins-base1.0-0'
      : /GLIBC|CXXABI|invalid ELF|wrong ELF/.test(text)
        ? `It was built on another machine. Run: ${rebuild}`
        : `Run: ${rebuild}`;
  return `The native addon ${path} could not be loaded on ${process.platform}-${process.arch}, Node ${process.version}: ${text.split('\n')[0]}. ${remedy}`;
}
