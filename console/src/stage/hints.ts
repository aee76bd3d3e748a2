import { isChoosing, type Session } from './session.js';

export interface HintInput {
  readonly session: Session | null;
  readonly hasPicture: boolean;
  readonly background: boolean;
  /** A finger, not a mouse. */
  readonly touch: boolean;
}

/** One line that says what a click does now. */
export function hint({ session, hasPicture, background, touch }: HintInput): string {
  const click = touch ? 'Tap' : 'Click';
  if (!hasPicture) return 'Waiting for the first picture of this camera.';
  if (!session) return `${click} an object to get its mask, or drag a box round it.`;
  if (background) return `${click} what does not belong to the object.`;
  if (isChoosing(session)) return `${click} masks to choose them. Drag a box for another object.`;
  if (!session.answer) return `The picture stands still. ${click} an object, or drag a box round it.`;
  const less = touch ? 'press long' : 'right-click';
  return `${click} to add, ${less} to take away; then keep, follow or go live.`;
}
