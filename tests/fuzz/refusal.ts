import { ConfigError, SamwireError, UnavailableError } from '../../src/errors.js';

/** A fault of the message is told in words; the sender gets no book. */
const MAX_MESSAGE_CHARACTERS = 2_000;
const MAX_DETAILS = 16;

/** What `read` gives; undefined where it refuses the input as it should. Whatever is no such refusal is thrown on. */
export function readOrRefuse<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (thrown) {
    checkRefusal(thrown);
    return undefined;
  }
}

/** {@link readOrRefuse} for what reads later. */
export async function readLater<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (thrown) {
    checkRefusal(thrown);
    return undefined;
  }
}

/** @throws what was thrown where it is no error of ours; Error for one of ours that says nothing, or too much. */
export function checkRefusal(thrown: unknown): void {
  if (thrown instanceof ConfigError || thrown instanceof UnavailableError) {
    if (thrown.message === '') throw new Error('a refusal without a word');
    return;
  }
  if (!(thrown instanceof SamwireError)) throw thrown;
  if (thrown.code === 'internal')
    throw new Error(`refused as a fault of ours: ${thrown.message}`, { cause: thrown });
  if (thrown.message === '') throw new Error('a refusal without a word');
  if (thrown.message.length > MAX_MESSAGE_CHARACTERS)
    throw new Error(`a refusal of ${thrown.message.length} characters: ${thrown.message.slice(0, 100)}`);
  const details = JSON.stringify(thrown.details).length;
  if (thrown.details.length > MAX_DETAILS || details > MAX_MESSAGE_CHARACTERS * MAX_DETAILS)
    throw new Error(`a refusal with ${thrown.details.length} details of ${details} characters`);
}

/** @throws Error saying `what` where it does not hold. */
export function mustHold(holds: boolean, what: string): void {
  if (!holds) throw new Error(`does not hold: ${what}`);
}
