/** What takes something from outside, as the fuzzer sees it. */
export interface FuzzTarget {
  readonly name: string;
  /** How inputs are changed: as JSON trees, or as bytes (with `tokens` put in). JSON is changed as bytes at times, too. */
  readonly form: 'json' | 'bytes';
  /** Text that the format is made of. */
  readonly tokens?: readonly string[];
  /** Inputs grow to no more than this. */
  readonly maxBytes: number;
  /** Of the inputs that the short form has: less for what is slow. Default: 1. */
  readonly shortShare?: number;
  /** Of `src/`: where new ways are looked for. */
  readonly sources: readonly string[];
  /**
   * Reads the input and checks what came of it. Returning means that all is well, also where the input was refused with an
   * error of the project's own ({@link refusal}); whatever is thrown is a finding.
   */
  readonly run: (input: Uint8Array) => void | Promise<void>;
}
