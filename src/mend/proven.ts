import { InferenceSession } from 'onnxruntime-node';
import { cutDecoder, mendDecoder } from './decoder.js';
import { proveMended } from './proof.js';
import type { Mended } from './types.js';

/**
 * A mended decoder that was held against its original with several prompts and numbers of points, for whoever keeps what is
 * made of it (an engine takes minutes to build). One that answers differently is given up, with the reason in `unmended`.
 * NanoSAM's decoder takes some three seconds on two CPU cores.
 * @throws SamwireError `model_failed` for bytes that are no ONNX network.
 */
export async function provenDecoder(bytes: Uint8Array): Promise<Mended> {
  const mended = mendDecoder(bytes);
  if (mended.changes.length === 0) return mended;
  const why = await refutation(bytes, mended.bytes);
  if (why === undefined) return mended;
  const cut = cutDecoder(bytes, `the mended decoder is not used: ${why}`);
  if (cut.changes.length === 0) return cut;
  const stillWhy = await refutation(bytes, cut.bytes);
  return stillWhy === undefined ? cut : { bytes, changes: [], unmended: stillWhy };
}

/** Why a graph is not what it was made of; undefined where it is proven. */
async function refutation(original: Uint8Array, mended: Uint8Array): Promise<string | undefined> {
  const sessions: InferenceSession[] = [];
  try {
    for (const bytes of [original, mended])
      sessions.push(
        await InferenceSession.create(bytes, { executionProviders: ['cpu'], logSeverityLevel: 3 }),
      );
    const [before, after] = sessions as [InferenceSession, InferenceSession];
    const proof = await proveMended(before, after);
    return proof.proven ? undefined : proof.reason;
  } catch (thrown) {
    return `onnxruntime can't load it: ${thrown instanceof Error ? thrown.message.trim() : String(thrown)}`;
  } finally {
    for (const session of sessions) await session.release();
  }
}
