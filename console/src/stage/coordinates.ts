/** Between the picture on the screen and the camera's frame. */

export interface Size {
  readonly width: number;
  readonly height: number;
}

export interface Place {
  readonly x: number;
  readonly y: number;
}

export type Box = readonly [x1: number, y1: number, x2: number, y2: number];

/** The largest size with the frame's shape that fits into `room`, whole pixels. */
export function fitted(frame: Size, room: Size): Size {
  const scale = Math.min(room.width / frame.width, room.height / frame.height);
  return {
    width: Math.max(1, Math.round(frame.width * scale)),
    height: Math.max(1, Math.round(frame.height * scale)),
  };
}

/** A place within the picture's rectangle on the screen, in frame pixels with fractions, moved onto the frame. */
export function toFrame(at: Place, shown: Size, frame: Size): Place {
  const clamp = (value: number, max: number): number => Math.min(max, Math.max(0, value));
  return {
    x: clamp((at.x / shown.width) * frame.width, frame.width),
    y: clamp((at.y / shown.height) * frame.height, frame.height),
  };
}

export function toShown(at: Place, shown: Size, frame: Size): Place {
  return { x: (at.x / frame.width) * shown.width, y: (at.y / frame.height) * shown.height };
}

/** The pixel at a place: points are written as its column and row. */
export function pixelAt({ x, y }: Place, frame: Size): Place {
  return {
    x: Math.min(frame.width - 1, Math.max(0, Math.floor(x))),
    y: Math.min(frame.height - 1, Math.max(0, Math.floor(y))),
  };
}

/** A box from two of its corners, at the nearest pixel edges; null where it has no area. */
export function boxOf(a: Place, b: Place): Box | null {
  const box: Box = [
    Math.round(Math.min(a.x, b.x)),
    Math.round(Math.min(a.y, b.y)),
    Math.round(Math.max(a.x, b.x)),
    Math.round(Math.max(a.y, b.y)),
  ];
  return box[2] - box[0] < 1 || box[3] - box[1] < 1 ? null : box;
}
