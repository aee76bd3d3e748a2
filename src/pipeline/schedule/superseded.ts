import { SamwireError } from '../../errors.js';

/** What a waiting request is told when a newer one of the same camera, kind and key has taken its place. */
export class Superseded extends SamwireError {
  constructor(camera: string) {
    super('overloaded', `A newer request of the same kind for camera ${camera} came before its turn.`);
    this.name = 'Superseded';
  }
}
