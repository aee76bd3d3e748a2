import { arch } from 'node:os';
import type { TensorrtDevice, TensorrtStatus } from '../native/build-types.js';
import { readPlatform } from './platform.js';
import { tensorrtRemedy } from './remedy.js';

/** The TensorRT and the GPU that engines are built for and run on. */
export interface TensorrtMachine {
  /** `10.3.0`. */
  readonly version: string;
  readonly major: number;
  readonly device: TensorrtDevice;
}

/** Why engines can't run here, with what to do about it. */
export interface NoTensorrt {
  readonly why: string;
  /** Whether there is something to mend; without an NVIDIA GPU there is not. */
  readonly amiss: boolean;
  /** Whether a GPU is here that does not answer: its driver may not be up yet. */
  readonly mayAppear: boolean;
}

/** What this machine has, or lacks. */
export function tensorrtMachine(
  { library, device, problem, compiled }: TensorrtStatus,
  platform = readPlatform(arch()),
): TensorrtMachine | NoTensorrt {
  if (library !== null && device !== null && problem === null)
    return { version: library, major: Number(library.split('.')[0]), device };
  const remedy = problem && tensorrtRemedy({ piece: problem.piece, compiled }, platform);
  const text = problem?.text ?? 'The addon does not know its TensorRT.';
  return {
    why: `${text} ${remedy ?? 'This machine has no NVIDIA GPU: the onnx backend is what runs here.'}`,
    amiss: typeof remedy === 'string',
    mayAppear: typeof remedy === 'string' && problem?.piece === 'device',
  };
}
