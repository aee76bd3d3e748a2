import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { LiveClient } from '../live/client.js';

/** Device pixels; the tile is half as wide. */
const WIDTH = 192;
const MAX_FPS = 2;
/** The main view's frames come more often: this one shows one in so many ms. */
const PAUSE_MS = 900 / MAX_FPS;

export interface ThumbnailProps {
  readonly live: LiveClient;
  readonly camera: string;
  /** Else its last picture is shown faded. */
  readonly streaming: boolean;
}

/** A camera's picture, small and slow, and only while it is in sight. */
export function Thumbnail({ live, camera, streaming }: ThumbnailProps): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null);
  const inSight = useInSight(canvas);
  useEffect(() => {
    if (!inSight) return;
    let drawnAt = Number.NEGATIVE_INFINITY;
    const stops = [
      live.watch(camera, { maxWidth: WIDTH, maxFps: MAX_FPS }),
      live.onFrame(camera, async ({ jpeg }) => {
        const now = performance.now();
        if (now - drawnAt < PAUSE_MS) return;
        drawnAt = now;
        await draw(jpeg, canvas.current);
      }),
    ];
    return () => {
      for (const stop of stops) stop();
    };
  }, [live, camera, inSight]);
  return (
    <span class="thumbnail" data-stale={!streaming} aria-hidden="true">
      <canvas ref={canvas} width={16} height={9} />
    </span>
  );
}

async function draw(jpeg: Blob, canvas: HTMLCanvasElement | null): Promise<void> {
  if (canvas === null) return;
  const picture = await createImageBitmap(jpeg, { resizeWidth: WIDTH, resizeQuality: 'low' });
  canvas.width = picture.width;
  canvas.height = picture.height;
  canvas.getContext('2d')?.drawImage(picture, 0, 0);
  picture.close();
}

function useInSight(of: { readonly current: Element | null }): boolean {
  const [inSight, setInSight] = useState(false);
  useEffect(() => {
    const element = of.current;
    if (element === null) return;
    const observer = new IntersectionObserver((entries) =>
      setInSight(entries.at(-1)?.isIntersecting ?? false),
    );
    observer.observe(element);
    return () => observer.disconnect();
  }, [of]);
  return inSight;
}
