import type { GraphIO } from './contract.js';
import { GraphFaults } from './graph-faults.js';
import type { Manifest } from './manifest.js';

/** The encoder's output of boxes: [1, P, 5] or [P, 5] float32, x1, y1, x2, y2 in input pixels and a score. */
export const PROPOSALS = 'proposals';

/**
 * Holds a manifest's `proposals` against its encoder; gives the output's name.
 * @throws ManifestError where there is no such output, or another one.
 */
export function checkProposals({ name, encoder }: Manifest, graph: GraphIO): string {
  const faults = new GraphFaults();
  const tensor = graph.outputs.find((output) => output.name === PROPOSALS);
  const flat = tensor?.shape?.length === 2;
  faults.fits(tensor, {
    where: `${encoder.file}: output ${PROPOSALS}`,
    types: ['float32'],
    shape: flat ? [null, 5] : [1, null, 5],
    shapeText: '[1,P,5]',
  });
  faults.throwIfAny(`Model ${name} does not fit its ONNX files`);
  return PROPOSALS;
}
