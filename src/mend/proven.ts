import { InferenceSession } from 'onnxruntime-node';
import { proveMended } from './proof.js';

/**
 * Why a mended decoder is not what it was made of, held against its original with several prompts and numbers of points; undefined
 * where it is. NanoSAM's decoder takes some three seconds on two CPU cores.
 */
export async function refutation(original: Uint8Array, mended: Uint8Array): Promise<string | undefined> {
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
