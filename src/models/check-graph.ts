import { checkDecoder } from './check-decoder.js';
import { checkEncoder } from './check-encoder.js';
import { describeTensor, type GraphIO, type ModelContract } from './contract.js';
import { GraphFaults } from './graph-faults.js';
import { lookOf } from './looks.js';
import { type Manifest, ManifestError } from './manifest.js';

/**
 * Holds a manifest against what its two ONNX files declare, and reads from them all that a manifest does not say: the
 * names of the tensors by role, the logits' grid, the candidates, whether prompts can share a run.
 * @throws ManifestError with every tensor that does not fit: its name, what was expected and what was found.
 */
export function checkGraph(manifest: Manifest, encoder: GraphIO, decoder: GraphIO): ModelContract {
  refuseSwapped(manifest, encoder, decoder);
  const faults = new GraphFaults();
  const encoderContract = checkEncoder({ manifest, encoder, decoder, faults });
  const decoderContract = checkDecoder({
    manifest,
    decoder,
    embedding: encoderContract?.embedding,
    faults,
  });
  faults.throwIfAny(`Model ${manifest.name} does not fit its ONNX files`);
  if (encoderContract === undefined || decoderContract === undefined) {
    throw new ManifestError(`Model ${manifest.name} does not fit its ONNX files`);
  }
  return { encoder: encoderContract, decoder: decoderContract };
}

/** Two files in each other's place, two decoders, or two that take no points: said at once, without all that follows. */
function refuseSwapped(manifest: Manifest, encoder: GraphIO, decoder: GraphIO): void {
  const encoderFile = manifest.encoder.file;
  const decoderFile = manifest.decoder.file;
  if (lookOf(encoder) === 'yolo') {
    const gives = encoder.outputs.map((tensor) => `${tensor.name} ${describeTensor(tensor)}`).join(', ');
    throw new ManifestError(
      `Model ${manifest.name}: ${encoderFile} looks like a YOLO detector, no encoder (it gives ${gives}): encoder.file must name ` +
        'the encoder; a detector belongs into the block detector',
      [{ path: 'encoder.file', expected: 'an encoder: one picture in, one embedding out', got: gives }],
    );
  }
  const [first, second] = [lookOf(encoder) === 'decoder', lookOf(decoder) === 'decoder'];
  if (!first && second) return;
  const points = 'a decoder: points and an embedding in, masks out';
  if (!first) {
    throw new ManifestError(
      `Model ${manifest.name}: ${decoderFile} is no decoder (it takes ${names(decoder)}, and no points): decoder.file must name one`,
      [{ path: 'decoder.file', expected: points, got: `inputs ${names(decoder)}` }],
    );
  }
  const message = second
    ? `${encoderFile} is a decoder (it takes ${names(encoder)}), and so is ${decoderFile}: encoder.file must name the encoder`
    : `${encoderFile} is a decoder and ${decoderFile} an encoder: swap encoder.file and decoder.file (with their sha256)`;
  throw new ManifestError(`Model ${manifest.name}: ${message}`, [
    {
      path: 'encoder.file',
      expected: 'an encoder: one picture in, one embedding out',
      got: `inputs ${names(encoder)}`,
    },
  ]);
}

function names(graph: GraphIO): string {
  return graph.inputs.map((tensor) => tensor.name).join(', ');
}
