import type { ZodObject } from 'zod';
import type { ErrorCode } from '../../errors.js';

/** Names of the document's schemas (document.ts). */
export type SchemaName =
  | 'Prompt'
  | 'Masks'
  | 'EverythingRequest'
  | 'EverythingMasks'
  | 'PictureUpload'
  | 'PictureJson'
  | 'TracksChange'
  | 'Tracks'
  | 'Cameras'
  | 'Restarted'
  | 'Reloading'
  | 'Info'
  | 'Errors'
  | 'Health'
  | 'Readiness'
  | 'Login';

export interface Content {
  readonly schema: SchemaName | { readonly type: string; readonly description?: string };
  /** Valid by its schema. Of a multipart body its parts, the picture as `…`. */
  readonly example?: unknown;
}

export interface Answer {
  readonly status: number;
  readonly description: string;
  /** By content type. */
  readonly content?: Readonly<Record<string, Content>>;
  /** Headers, with what they say. */
  readonly headers?: Readonly<Record<string, { readonly type: string; readonly description: string }>>;
}

/** What a path does with a method. */
export interface Operation {
  readonly id: string;
  readonly method: 'get' | 'post';
  /** As OpenAPI writes it: `/api/cameras/{name}/prompt`. */
  readonly path: string;
  readonly summary: string;
  readonly description?: string;
  /** An object with the query's keys. */
  readonly query?: ZodObject;
  readonly body?: { readonly required: boolean; readonly content: Readonly<Record<string, Content>> };
  readonly answers: readonly Answer[];
  /** What it may be refused with, besides what every path may be ({@link COMMON_ERRORS}). */
  readonly errors: readonly ErrorCode[];
  /** Served without a token. */
  readonly open?: boolean;
}

export const COMMON_ERRORS: readonly ErrorCode[] = ['invalid_message', 'forbidden', 'overloaded', 'internal'];
export const TOKEN_ERRORS: readonly ErrorCode[] = ['unauthorized', 'rate_limited'];
