import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { LiveClient } from '../live/client.js';

/** The camera's picture. */
export function Stage({ live, camera }: { readonly live: LiveClient; readonly camera: string }): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const stops = [
      live.watch(camera, { maxWidth: 1280, maxFps: 15 }),
      live.onFrame(camera, async ({ jpeg }) => {
        const picture = await createImageBitmap(jpeg);
        const shown = canvas.current;
        if (shown) {
          shown.width = picture.width;
          shown.height = picture.height;
          shown.getContext('2d')?.drawImage(picture, 0, 0);
        }
        picture.close();
      }),
    ];
    return () => {
      for (const stop of stops) stop();
    };
  }, [live, camera]);
  return <canvas ref={canvas} />;
}
