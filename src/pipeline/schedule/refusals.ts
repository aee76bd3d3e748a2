/** Why a waiting request is refused, and what it is told. */
import { SamwireError } from '../../errors.js';
import type { SchedulerRequest } from './request.js';
import { Superseded } from './superseded.js';

/**
 * `overload`: it waited for a whole run of a model that is asked for more than it can do. `queueFull`: it made room.
 * `superseded`: a newer one has its place. `withdrawn`: whoever asked has gone.
 */
export const REFUSALS = ['overload', 'queueFull', 'expired', 'superseded', 'withdrawn'] as const;
export type Refusal = (typeof REFUSALS)[number];

export interface RefusalFacts {
  readonly limit: number;
  readonly waitedMs: number;
}

export function refusalOf(
  why: Refusal,
  { camera, maxAgeMs }: SchedulerRequest,
  { limit, waitedMs }: RefusalFacts,
): SamwireError {
  switch (why) {
    case 'overload':
      return new SamwireError(
        'overloaded',
        `More is asked of the model than it can do, for camera ${camera.name} more than its share: this request waited ${Math.round(waitedMs)} ms, and newer ones go first. Send fewer requests a second.`,
      );
    case 'queueFull':
      return new SamwireError(
        'overloaded',
        `More than ${limit} requests were waiting, most of them for camera ${camera.name}, and this was the oldest of those. Send fewer requests a second.`,
      );
    case 'expired':
      return new SamwireError(
        'expired',
        `The request waited ${Math.round(waitedMs)} ms, longer than its ${Math.round(maxAgeMs)} ms.`,
      );
    case 'superseded':
      return new Superseded(camera.name);
    case 'withdrawn':
      return withdrawn();
  }
}

/** Nobody hears of it: whoever asked has gone. It is no error for people to read, nor to count as one. */
export class Withdrawn extends SamwireError {
  constructor() {
    super('expired', 'Whoever sent the request went away before its end.');
    this.name = 'Withdrawn';
  }
}

export function withdrawn(): SamwireError {
  return new Withdrawn();
}
