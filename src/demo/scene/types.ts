/** What a point of a surface looks like; linear light, filled in by {@link SceneObject.surface}. */
export interface Surface {
  r: number;
  g: number;
  b: number;
  /** 0 matt … 1 polished: strength of the mirrored room. */
  gloss: number;
  /** Blinn-Phong exponent of the highlight. */
  shininess: number;
  /** 0 none … 1: light at grazing angles, of felt or soft skin. */
  fuzz: number;
}

/**
 * One thing on the table, in its own coordinates: the origin is where it touches the table (or its centre, where
 * the pose says so), y is up, 1 is about a decimetre.
 */
export interface SceneObject {
  readonly id: string;
  readonly label: string;
  /** A sphere round [0, centreY, 0] that holds it. */
  readonly bound: { readonly centreY: number; readonly radius: number };
  /** Distance to its surface, negative inside; where it is only a bound, `stepScale` keeps the march from overshooting. */
  readonly distance: (x: number, y: number, z: number) => number;
  readonly stepScale: number;
  readonly surface: (x: number, y: number, z: number, out: Surface) => void;
}

/** Where an object's origin stands and how it is turned: `rotation` maps its own axes to the scene's, row by row. */
export interface Pose {
  readonly x: number;
  readonly y: number;
  readonly z: number;
  readonly rotation: readonly [number, number, number, number, number, number, number, number, number];
}

export interface PlacedObject {
  readonly object: SceneObject;
  readonly pose: Pose;
}
