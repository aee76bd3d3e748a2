import { SamwireError } from '../errors.js';
import { foreignOperators, inspectOnnx } from './inspect-file.js';
import { ManifestError } from './manifest.js';

/** onnxruntime's messages begin with the path and a place in its own sources, which help nobody. */
const NOISE = [
  /^Load model from .*? failed:\s*/,
  /\S*onnxruntime\S*\.(?:cc|h):\d+ .*?\) (?=[A-Z])/,
  /\S+\.cc:\d+ \S+ /,
];

/**
 * Why onnxruntime does not load an ONNX file, with what to do: what the file itself shows first (cut off, weights
 * missing, operators of another runtime), then onnxruntime's own reason.
 */
export async function loadFailure(path: string, cause: unknown): Promise<ManifestError> {
  const reason = NOISE.reduce(
    (text, noise) => text.replace(noise, ''),
    cause instanceof Error ? cause.message : String(cause),
  ).trim();
  const { expected, got } = await explain(path, reason.replace(/\.$/, ''));
  return new ManifestError(
    `${path} can't be loaded as an ONNX network: ${got}. Expected ${expected}.`,
    [{ path, expected, got }],
    { cause },
  );
}

interface Explanation {
  /** With what to do. */
  readonly expected: string;
  readonly got: string;
}

async function explain(path: string, reason: string): Promise<Explanation> {
  const inspected = await inspectOnnx(path).catch((error: unknown) => {
    if (error instanceof SamwireError) return undefined;
    throw error;
  });
  if (inspected === undefined)
    return {
      expected: 'a whole ONNX file; copy or export it again',
      got: `it is cut off, or no ONNX file (${reason})`,
    };
  const missing = inspected.externalData.filter(({ sizeBytes }) => sizeBytes === undefined);
  if (missing.length > 0) {
    const files = missing.map(({ file }) => file).join(', ');
    return {
      expected: `${files} beside it, under that name; copy it there, or export into one file`,
      got: `it keeps its weights in ${files}, which is not there`,
    };
  }
  const foreign = foreignOperators(inspected.ops);
  if (foreign.length > 0)
    return {
      expected: "operators of ONNX itself; export it without another runtime's own operators",
      got: `it has the operators ${foreign.join(', ')}, and onnxruntime says: ${reason}`,
    };
  return {
    expected: `operators that onnxruntime knows (the file is of opset ${inspected.opset}); export it again`,
    got: `onnxruntime says: ${reason}`,
  };
}
