export interface NativeBoundaryRequest {
  readonly width: number;
  readonly height: number;
  /** Edge strengths, width × height, rows first. */
  readonly edges: Uint8Array;
  /** Boundaries are where an edge is at least so strong, 0..255. */
  readonly level: number;
  /** One an annotator: non-zero on boundaries. */
  readonly truths: readonly Uint8Array[];
  /** Pixels that a boundary may lie beside the true one. */
  readonly maxDistance: number;
  /** Make the boundaries one pixel wide first. */
  readonly thin: boolean;
}

/** Pixels; native/edges/boundary_counts.h says what each means. */
export interface NativeBoundaryCounts {
  readonly matchedTruth: number;
  readonly truth: number;
  readonly matchedFound: number;
  readonly found: number;
}

/** What the addon does with edges. */
export interface NativeEdges {
  /** Strengths → an edge map, thinned, 255 the strongest (native/edges/edge_map.h). */
  edgeMap(strength: Float32Array, width: number, height: number): Uint8Array;
  /** Boundaries of an edge map against those of annotators, as the BSDS benchmark counts them. */
  boundaryCounts(request: NativeBoundaryRequest): NativeBoundaryCounts;
}
