/**
 * A decoder as Samwire runs it, from `mendDecoder(bytes)` in decoder.ts. Inputs and outputs keep their names; outputs that
 * Samwire does not ask for, and inputs that only they needed, are gone.
 */
export interface Mended {
  /** The file that was given itself where there was nothing to change. */
  readonly bytes: Uint8Array;
  /** What was changed, a sentence each. */
  readonly changes: readonly string[];
  /** The file with the outputs that `bytes` has, where it has not: what the mended graph is held against. */
  readonly reference?: Uint8Array;
  /** Why prompts still can't share a run, in a sentence; absent where they can. */
  readonly unmended?: string;
}

/** What TensorRT may compute in, where that is less than FP32 and stands in the graph. */
export type HalfPrecision = 'fp16' | 'mixed';

/**
 * A graph ready for one kind of network, from precision.ts: `typedGraph(bytes, precision)` for strongly typed
 * networks (TensorRT 10 and newer), where FP16 stands in the tensors' types; `fp32Nodes(bytes, precision)` for TensorRT 8,
 * where the tensors stay FP32, every node has a name of its own and `fp32Nodes` are those that must not become FP16. Hand
 * `bytes` to the builder in both cases, not the file that was given.
 */
export interface PreparedGraph {
  readonly bytes: Uint8Array;
  /** Names of the nodes that compute in FP32. */
  readonly fp32Nodes: readonly string[];
  /** What was changed, a sentence each. */
  readonly changes: readonly string[];
}
