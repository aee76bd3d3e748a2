import { z } from 'zod';
import { ERROR_CODES } from '../errors.js';
import { PRECISIONS } from '../models/manifest.js';
import type { NativeBuildRequest } from '../native/build-types.js';
import type { BuiltEngines } from '../segment/tensorrt/engines.js';
import type { Part, Precision } from './identity.js';
import { trialSchema } from './record.js';

/**
 * What is done in a process of its own (src/build/child.ts): there a crash ends nothing else, memory is given back
 * when it ends, and a cancelled task is a process that is killed.
 */
export type Task =
  | {
      readonly task: 'prepare';
      readonly modelDir: string;
      readonly graphs: readonly WantedGraph[];
      /** Where the graphs are written; null: they are only hashed. */
      readonly folder: string | null;
    }
  | { readonly task: 'build'; readonly request: NativeBuildRequest }
  | {
      readonly task: 'reference';
      readonly modelDir: string;
      readonly threads: number;
      /** Where the answers are written. */
      readonly answers: string;
    }
  | {
      readonly task: 'self-test';
      readonly modelDir: string;
      readonly engines: BuiltEngines;
      readonly precision: { readonly encoder: Precision; readonly decoder: Precision };
      /** Of the `reference` task. */
      readonly answers: string;
    };

const graphIO = z.strictObject({
  name: z.string(),
  type: z.string(),
  shape: z.array(z.union([z.number(), z.string()])).nullable(),
});

export interface WantedGraph {
  readonly part: Part;
  readonly precision: Precision;
  /** FP16 stands in the tensors' types; else TensorRT is told which nodes must not be FP16. */
  readonly typed: boolean;
}

export const preparedSchema = z.array(
  z.strictObject({
    part: z.enum(['encoder', 'decoder']),
    precision: z.enum(PRECISIONS),
    sourceSha256: z.string(),
    graphSha256: z.string(),
    /** How TensorRT is to take the file. */
    buildPrecision: z.enum(['typed', 'fp16', 'fp32', 'int8']),
    fp32Nodes: z.array(z.string()),
    /** What the graph takes and gives; null where it was only hashed. */
    io: z.strictObject({ inputs: z.array(graphIO), outputs: z.array(graphIO) }).nullable(),
    /** Where it was written; null where it was only hashed. */
    path: z.string().nullable(),
  }),
);
export type PreparedGraph = Readonly<z.infer<typeof preparedSchema>[number]>;

export const builtSchema = z.object({
  planBytes: z.number(),
  tensorrtVersion: z.string(),
  warnings: z.array(z.string()),
});

export const referenceSchema = z.strictObject({
  /** Prompts that the model answers, and those of them whose mask is neither next to nothing nor next to all. */
  prompts: z.int(),
  telling: z.int(),
});

export const selfTestSchema = trialSchema;

/** One line of the child's channel (file descriptor 3). The addon writes its progress there by itself. */
export const messageSchema = z.union([
  z.strictObject({ phase: z.string(), fraction: z.number() }),
  z.strictObject({ result: z.unknown() }),
  z.strictObject({
    failed: z.strictObject({
      kind: z.enum(['samwire', 'config', 'unavailable', 'transient', 'other']),
      code: z.enum(ERROR_CODES).exactOptional(),
      message: z.string(),
      faults: z.array(z.strictObject({ path: z.string(), expected: z.string(), got: z.string() })),
    }),
  }),
]);
export type ChildMessage = z.infer<typeof messageSchema>;
