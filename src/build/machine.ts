import { arch } from 'node:os';
import type { TensorrtDevice, TensorrtStatus } from '../native/types.js';
import { readPlatform } from './platform.js';
import { tensorrtRemedy } from './remedy.js';

/** The TensorRT and the GPU that engines are built for and run on. */
export interface TensorrtMachine {
  /** `10.3.0`. */
  readonly version: string;
  readonly major: number;
  readonly device: TensorrtDevice;
}

/** What this machine has, or why it can't run engines, with what to do about it. */
export function tensorrtMachine(status: TensorrtStatus): TensorrtMachine | { readonly why: string } {
  const { library, device, problem } = status;
  if (library !== null && device !== null && problem === null)
    return { version: library, major: Number(library.split('.')[0]), device };
  const remedy = problem === null ? undefined : remedyHere(status);
  const text = problem?.text ?? 'The addon does not know its TensorRT.';
  return {
    why: `${text} ${remedy ?? 'This machine has no NVIDIA GPU: the onnx backend is what runs here.'}`,
  };
}

function remedyHere({ compiled, problem }: TensorrtStatus): string | undefined {
  if (problem === null) return undefined;
  return tensorrtRemedy({ piece: problem.piece, compiled }, readPlatform(arch()));
}
