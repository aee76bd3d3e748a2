/** What of TensorRT and CUDA this addon and this machine have. */
export interface TensorrtStatus {
  /** The version of the headers that the addon was compiled against; null: without TensorRT and CUDA. */
  readonly compiled: string | null;
  /** The version of the library that was opened; null with the reason in `problem`. */
  readonly library: string | null;
  readonly device: TensorrtDevice | null;
  /** Why the backend can't run here, in one sentence; null when it can. `piece` says what is missing. */
  readonly problem: {
    readonly piece: 'headers' | 'library' | 'major' | 'device';
    readonly text: string;
  } | null;
}

export interface TensorrtDevice {
  readonly index: number;
  readonly name: string;
  /** `8.7`. */
  readonly computeCapability: string;
  readonly integrated: boolean;
  readonly memoryBytes: number;
  /** `12.6`. */
  readonly driverCuda: string;
  readonly runtimeCuda: string;
}

/** One engine to build; native/tensorrt/builder.h says what each means. */
export interface NativeBuildRequest {
  readonly onnxPath: string;
  readonly planPath: string;
  /** Empty: none. */
  readonly timingCachePath: string;
  readonly precision: 'typed' | 'fp16' | 'fp32' | 'int8';
  readonly fp32Nodes: readonly string[];
  readonly shapes: readonly {
    readonly input: string;
    readonly min: readonly number[];
    readonly opt: readonly number[];
    readonly max: readonly number[];
  }[];
  readonly workspaceBytes: number;
  /** 0..5. */
  readonly optimizationLevel: number;
  /** -1: GPU only. */
  readonly dlaCore: number;
  readonly device: number;
}

export interface NativeBuildResult {
  readonly planBytes: number;
  readonly tensorrtVersion: string;
  readonly warnings: readonly string[];
}
