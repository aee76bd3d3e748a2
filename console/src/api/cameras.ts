import type { FailedMaskItem, MaskItem, MasksMessage } from '../../../src/masks/types.js';
import type { TrackListing } from '../../../src/prompts/tracks.js';
import type { PromptMessageBody } from '../stage/prompt.js';
import { request } from './request.js';

/** What `POST …/everything` takes, as far as this page writes it; the camera's own settings are for the rest. */
export interface EverythingBody {
  readonly frame: { readonly seq: number };
  readonly strategy?: 'grid' | 'hierarchical';
  readonly grid?: number;
  readonly encodings: readonly ['rle'];
  readonly maxAgeMs: number;
}

export type TracksBody =
  | { readonly rename: Readonly<Record<string, string>> }
  | { readonly remove: readonly string[] | 'all' };

const pathOf = (camera: string, verb: string): string => `/api/cameras/${encodeURIComponent(camera)}/${verb}`;

/** @throws ApiError, as all of these. */
export function askPrompt(camera: string, body: PromptMessageBody): Promise<MasksMessage> {
  return request(pathOf(camera, 'prompt'), { body });
}

export function askEverything(
  camera: string,
  body: EverythingBody,
  signal: AbortSignal,
): Promise<MasksMessage> {
  return request(pathOf(camera, 'everything'), { body, signal });
}

export async function listTracks(camera: string): Promise<readonly TrackListing[]> {
  return (await request<{ readonly tracks: readonly TrackListing[] }>(pathOf(camera, 'tracks'))).tracks;
}

export async function changeTracks(camera: string, body: TracksBody): Promise<readonly TrackListing[]> {
  return (await request<{ readonly tracks: readonly TrackListing[] }>(pathOf(camera, 'tracks'), { body }))
    .tracks;
}

/** A picture of the camera at its own size; `seq`: that frame, while it is held. */
export function frameUrl(camera: string, seq: number): string {
  return `${pathOf(camera, 'frame.jpg')}?seq=${seq}`;
}

/** The masks that came about, and why the others did not. */
export function sorted({ masks }: MasksMessage): {
  readonly found: readonly MaskItem[];
  readonly failed: readonly FailedMaskItem[];
} {
  const isFailed = (item: MaskItem | FailedMaskItem): item is FailedMaskItem => 'error' in item;
  return {
    found: masks.filter((item): item is MaskItem => !isFailed(item)),
    failed: masks.filter(isFailed),
  };
}
