import { noEnginesOf } from '../build/ensure.js';
import { engineFolder, inspectEngines } from '../build/inspect.js';
import { tensorrtMachine } from '../build/machine.js';
import { readPlatform } from '../build/platform.js';
import { tensorrtRemedy } from '../build/remedy.js';
import { figures } from '../build/table.js';
import type { Config } from '../config/schema.js';
import { resolveModel } from '../models/catalogue.js';
import type { OneGraphManifest } from '../models/manifest.js';
import type { TensorrtStatus } from '../native/build-types.js';
import type { NativeAddon } from '../native/types.js';
import type { Check } from './check.js';
import type { Host } from './host.js';

type Backend = Config['model']['backend'];

/** Whether engines can run here; else which piece is missing and what brings it. */
export function checkTensorrt(addon: NativeAddon | undefined, host: Host, backend: Backend): Check {
  const name = 'TensorRT';
  if (!addon) return { name, status: 'skipped', found: 'not looked at without the native addon' };
  const status = addon.tensorrtStatus();
  const { problem, compiled } = status;
  if (problem === null) return { name, status: 'ok', found: deviceText(status) };
  if (backend === 'onnx')
    return { name, status: 'skipped', found: `${problem.text} The config asks for the onnx backend.` };
  const remedy = tensorrtRemedy({ piece: problem.piece, compiled }, readPlatform(host.arch, host.root));
  if (backend === 'tensorrt')
    return {
      name,
      status: 'fail',
      found: problem.text,
      remedy: remedy ?? 'This machine has no NVIDIA GPU: set model.backend to auto or onnx.',
      of: 'configured',
    };
  if (remedy === undefined)
    return { name, status: 'skipped', found: `${problem.text} Without an NVIDIA GPU nothing is amiss.` };
  return { name, status: 'warn', found: `${problem.text} The onnx backend serves on the CPU.`, remedy };
}

function deviceText({ library, device }: TensorrtStatus): string {
  if (!device) return `version ${library}`;
  const { name, computeCapability, driverCuda, runtimeCuda } = device;
  return `version ${library} on ${name} (compute capability ${computeCapability}), CUDA ${runtimeCuda}, driver for ${driverCuda}`;
}

function enginesOfOneGraph(manifest: OneGraphManifest, backend: Backend): Check {
  const found = noEnginesOf(manifest);
  if (backend !== 'tensorrt') return { name: 'engines', status: 'skipped', found };
  const remedy = 'Set model.backend to auto or onnx.';
  return { name: 'engines', status: 'fail', found, remedy, of: 'configured' };
}

/** The engines of the model that the config names: built, stale or missing. */
export async function checkEngines({ model }: Config, addon: NativeAddon | undefined): Promise<Check> {
  const name = 'engines';
  const machine = addon && tensorrtMachine(addon.tensorrtStatus());
  if (!machine || 'why' in machine || model.backend === 'onnx')
    return { name, status: 'skipped', found: 'none are needed: the onnx backend serves' };
  const build = `Run: samwire models build ${model.name} (samwire run does so by itself when it starts)`;
  const warn = (found: string, remedy = build): Check => ({
    name,
    status: 'warn',
    found,
    remedy,
    of: 'configured',
  });
  try {
    const directory = await resolveModel(model.name, model.paths);
    if (directory.graphs === 1) return enginesOfOneGraph(directory.manifest, model.backend);
    const folder = engineFolder(model.cache, directory);
    const found = await inspectEngines({ model: directory, folder, machine });
    switch (found.state) {
      case 'current': {
        const { encoder, decoder, trials, builtAt } = found.record;
        const told = figures(trials.at(-1) ?? { prompts: [] });
        const text = `encoder ${encoder.identity.precision}, decoder ${decoder.identity.precision}, worst IoU ${told?.worst.toFixed(4)}; built ${builtAt}`;
        return { name, status: 'ok', found: `${model.name} in ${folder}: ${text}` };
      }
      case 'missing':
        return warn(`none of ${model.name} in ${folder} yet`);
      case 'stale':
        return warn(`those of ${model.name} in ${folder} are stale: ${found.why}`);
      case 'refused':
        return warn(
          `none of ${model.name} passed the self-test: the onnx backend serves`,
          `Run: samwire models build ${model.name} (prints what was tried)`,
        );
    }
  } catch (error) {
    // What is wrong with the model itself stands in its own line.
    const found = error instanceof Error ? error.message : String(error);
    return { name, status: 'skipped', found };
  }
}
