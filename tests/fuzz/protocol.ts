import type { CampaignResult } from './campaign.js';

/** What the thread that runs a campaign is given. */
export interface WorkerTask {
  readonly target: string;
  readonly seed: number;
  readonly runs: number;
  readonly seconds: number | undefined;
  /** Instead of seeds and changes. */
  readonly only?: Uint8Array;
  /** Of {@link CURRENT_BYTES}: the input that is at work, after its number (uint32) and its length (uint32). */
  readonly current: SharedArrayBuffer;
}

export const CURRENT_BYTES = 8 + 2 ** 20;

export type WorkerMessage =
  | {
      readonly kind: 'done';
      readonly result: Omit<CampaignResult, 'finding'>;
      readonly finding?: WorkerFinding;
    }
  | { readonly kind: 'kept'; readonly input: Uint8Array };

export interface WorkerFinding {
  readonly input: Uint8Array;
  /** The error's stack. */
  readonly text: string;
}
