import '../onnx/no-telemetry.js';
import { PACKAGE_ROOT } from '../native/addon.js';
import { repairOf } from '../native/repair.js';
import type { NativeAddon } from '../native/types.js';
import type { Check } from './check.js';
import { missingElements } from './gst-elements.js';
import type { Host } from './host.js';

const NODE_FLOOR = 20;
/** What is looked for where no camera says what it needs. */
const COMMON_SOURCES = ['test://pattern', 'file:///x', 'rtsp://x', 'v4l2:///x', 'shm:///x'];

/** The addon, or undefined where it can't be loaded, with the line that says why. */
export function checkAddon(host: Host): { readonly check: Check; readonly addon?: NativeAddon } {
  try {
    const addon = host.addon();
    const { version, simd } = addon.about();
    return { check: { name: 'native addon', status: 'ok', found: `version ${version}, ${simd}` }, addon };
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    // The loader's message ends with what to do.
    const [, found = text, remedy = repairOf(PACKAGE_ROOT).setUp] =
      /^(.*?)(?:\. )?Run: (.*)$/s.exec(text) ?? [];
    return { check: { name: 'native addon', status: 'fail', found, remedy: `Run: ${remedy}` } };
  }
}

export async function checkSoftware(
  host: Host,
  addon: NativeAddon | undefined,
  sources: readonly string[],
): Promise<Check[]> {
  return [node(host), ...gstreamer(addon, sources), await onnxruntime(host)];
}

function node(host: Host): Check {
  const found = `Node.js ${host.nodeVersion}`;
  if (Number.parseInt(host.nodeVersion, 10) >= NODE_FLOOR) return { name: 'Node.js', status: 'ok', found };
  const remedy = `Install Node.js ${NODE_FLOOR} or newer: https://nodejs.org/en/download`;
  return { name: 'Node.js', status: 'fail', found, remedy };
}

function gstreamer(addon: NativeAddon | undefined, sources: readonly string[]): Check[] {
  if (!addon)
    return [{ name: 'GStreamer', status: 'skipped', found: 'not looked at without the native addon' }];
  const version: Check = { name: 'GStreamer', status: 'ok', found: `version ${addon.about().gstreamer}` };
  const configured = sources.length > 0;
  const missing = missingElements(configured ? sources : COMMON_SOURCES, (names) => addon.gstElements(names));
  const lacking = [...missing.must, ...missing.decoders];
  const name = 'GStreamer elements';
  if (lacking.length === 0) {
    return [
      version,
      { name, status: 'ok', found: configured ? 'all that the cameras need' : 'all of the common sources' },
    ];
  }
  const remedy =
    missing.packages.length > 0
      ? `Run: sudo apt-get install -y ${missing.packages.join(' ')}`
      : 'Install the GStreamer plugins that hold them; gst-inspect-1.0 NAME shows whether one is there.';
  const fails = configured && missing.must.length > 0;
  const found = `missing: ${lacking.join(', ')}`;
  return [
    version,
    { name, status: fails ? 'fail' : 'warn', found, remedy, ...(fails ? { of: 'configured' as const } : {}) },
  ];
}

/** In a process of its own: a build for another processor ends in a signal, not in an error. */
async function onnxruntime(host: Host): Promise<Check> {
  const program = `
    process.chdir(${JSON.stringify(PACKAGE_ROOT)});
    const { env } = require(require.resolve('onnxruntime-node', { paths: [process.cwd()] }));
    console.log(env.versions.node ?? env.versions.common);`;
  const version = await host.output(process.execPath, ['-e', program]);
  if (version) return { name: 'onnxruntime', status: 'ok', found: `version ${version}` };
  return {
    name: 'onnxruntime',
    status: 'fail',
    found: `onnxruntime-node does not load on linux-${host.arch}`,
    remedy: `Run: ${repairOf(PACKAGE_ROOT).packages}`,
  };
}
