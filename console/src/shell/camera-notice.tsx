import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { CameraStatus } from '../../../src/http/live/protocol.js';
import { ApiError, request } from '../api/request.js';
import { span } from './format.js';
import { Marked } from './marked.js';
import { Notice } from './notices.js';
import { useNodeNow } from './now.js';
import { cameraWords } from './words.js';

export interface CameraNoticeProps {
  readonly name: string;
  readonly status: CameraStatus | undefined;
  /** The node's time in its newest status. */
  readonly at: number | undefined;
}

/** Why the camera of the main view shows nothing, since when, and a way to try it at once. */
export function CameraNotice({ name, status, at }: CameraNoticeProps): JSX.Element | null {
  const words = cameraWords(status);
  const now = useNodeNow(at);
  if (status === undefined || status.state === 'streaming') return null;
  const since = span(Math.max(0, now - status.since));
  return (
    <Notice
      name="camera"
      tone={words.tone}
      title={`Camera ${name}: ${words.name.toLowerCase()} for ${since}`}
    >
      {words.text && (
        <p>
          <Marked text={words.text} />
        </p>
      )}
      {status.state !== 'disabled' && <Restart name={name} />}
    </Notice>
  );
}

function Restart({ name }: { readonly name: string }): JSX.Element {
  const [said, setSaid] = useState<string | null>(null);
  const restart = async (): Promise<void> => {
    setSaid('Opening …');
    try {
      await request(`/api/cameras/${encodeURIComponent(name)}/restart`, { method: 'POST' });
      setSaid(null);
    } catch (error) {
      setSaid(error instanceof ApiError ? error.message : 'That did not work.');
    }
  };
  return (
    <p class="row">
      <button type="button" onClick={() => void restart()}>
        Open it again now
      </button>
      {said}
    </p>
  );
}

const CONFIG = `cameras:
  front:
    source: v4l2:///dev/video0
  gate:
    source: rtsp://10.0.0.5/stream`;

/** In place of the picture, where the config names no camera. */
export function NoCamera(): JSX.Element {
  return (
    <section class="empty" data-testid="no-camera">
      <h2>No camera is configured</h2>
      <p>
        Name one in the config file, such as these two, and start the service again.{' '}
        <code>samwire check-config</code> finds faults in it.
      </p>
      <pre>{CONFIG}</pre>
      <p>
        Without a camera too, <code>samwire demo</code> shows what Samwire does, on a clip of its own.
      </p>
    </section>
  );
}
