import type { Asks } from './protocol.js';

/** A loaded model of any kind on the thread that owns it; `proposals`, `everything` and `edges` are there where it can. */
export interface InferenceEngine {
  segment(request: Asks['segment']['request']): Promise<Asks['segment']['result']>;
  proposals?(frame: Asks['proposals']['request']): Promise<Asks['proposals']['result']>;
  everything?(request: Asks['everything']['request']): Promise<Asks['everything']['result']>;
  edges?(request: Asks['edges']['request']): Promise<Asks['edges']['result']>;
}
