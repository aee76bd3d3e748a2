import type { ErrorCode } from './errors.js';

/** Both are lines of text in which `names` stand between backticks, and [page.md](page.md) is a page under docs/. */
export interface ErrorExplained {
  readonly when: string;
  readonly remedy: string;
}

/**
 * What each code means and what a person does about it: the table of docs/errors.md, which is tested against this one,
 * and what the console shows with an error.
 */
export const ERRORS_EXPLAINED: Readonly<Record<ErrorCode, ErrorExplained>> = {
  invalid_json: {
    when: 'the payload is no JSON, or no UTF-8',
    remedy: 'mend the sender; the message says at which character, where that is known',
  },
  invalid_message: {
    when: 'a field is missing, of the wrong kind or out of range; a response topic is not allowed; a box or point lies outside of the frame; `refine` names no answer that is held on that frame; a disabled camera is to be restarted',
    remedy: 'mend the sender; the message names the first fault, `details` each with its path',
  },
  invalid_image: {
    when: "`samwire segment`, `samwire everything`: the file is no picture that can be decoded, or is cut off. A job's picture, or one that is uploaded, is no whole JPEG or PNG",
    remedy: 'use a whole JPEG, PNG, WebP, TIFF, GIF or AVIF; for a job and an upload JPEG or PNG',
  },
  invalid_config: {
    when: 'the request `reload`: the config file, as it is now, has faults, or can not be read; the node goes on with the config that it has',
    remedy: 'mend what `details` names, all of it at once; `samwire check-config` tells the lines, too',
  },
  too_large: {
    when: 'a message to the node is larger than `mqtt.maxPacketBytes`; an answer fits no packet even without masks; a snapshot fits at no quality; a job or an upload is larger than `jobs.maxPacketBytes`; an image has too many pixels (`pipeline.maxImagePixels`)',
    remedy:
      "fewer prompts in a message, smaller encodings, or raise `mqtt.maxPacketBytes` and the broker's own limit",
  },
  too_many_prompts: {
    when: "a message has more prompts than `model.maxPrompts`; a detector's message has more than 4096 detections; everything is asked for with more than 1024 boxes, or more than 16384 points",
    remedy:
      'send several messages; those that wait for the same frame share its encoding. Take a smaller grid or fewer layers of crops',
  },
  unknown_camera: {
    when: 'no camera of that name is configured',
    remedy: 'take one of the names that the message and `details` tell',
  },
  unknown_request: {
    when: 'the node does not serve that verb; over HTTP: no such path, or not with that method',
    remedy: 'take one of those that the message and `details` tell; over HTTP `/api/openapi.json`',
  },
  unknown_track: {
    when: 'the request `tracks` names an id that is not followed on that camera',
    remedy: "list the camera's tracks; one may have ended (`ended` in the masks messages)",
  },
  unauthorized: {
    when: 'over HTTP only: `http.tokenFile` is set, and the request has no token or a wrong one',
    remedy: 'send `Authorization: Bearer <token>`, or log in to the console ([http.md](http.md#the-token))',
  },
  forbidden: {
    when: "over HTTP only: the request comes from another page than the console's own, or names the node by a name that it does not know",
    remedy: 'see the message; [http.md](http.md#what-is-refused)',
  },
  no_frame: {
    when: "the camera gave no frame within the prompt's `maxAgeMs`, or holds none for a snapshot. In a camera's state: why it does not stream",
    remedy: "look at the camera's state topic and at `samwire doctor`; [cameras.md](cameras.md)",
  },
  frame_evicted: {
    when: 'the frame that the prompt names is not held any more, or none was captured near enough to its timestamp',
    remedy:
      "ask sooner, raise the camera's `historyMs` or the prompt's `toleranceMs`; a clock that differs between sender and node also does this",
  },
  unsupported_detections: {
    when: "a detector's payload has none of the [known shapes](detections.md#the-formats), or not that of the camera's `detections.format`",
    remedy: 'the message says what came; publish one of them, or set `format`',
  },
  unsupported_prompt: {
    when: "the model can't take the prompt: a mask or `refine` for a model without mask input, more points than its manifest's `maxPoints`; or everything by the strategy `boxes` without boxes, of a model that proposes none, or with `edges` that it can't give",
    remedy: 'leave that part out, or take another model',
  },
  rate_limited: {
    when: 'more prompts, detections or requests for everything came than `pipeline.rateLimit.perCameraPerSec` allows for a camera, or more messages than `pipeline.rateLimit.perClientPerSec` for a client (told apart by the response topic, [over HTTP](http.md#a-prompt) by address and name); over HTTP a client has as much at work as it may have',
    remedy: 'put several prompts into one message, or raise the limit',
  },
  overloaded: {
    when: 'more is asked of the model than it can do, and this request waited for a whole run; more than `pipeline.queue` requests waited and this was the oldest of who waits with most ([scheduling.md](scheduling.md)); 512 messages are at work, or [over HTTP](http.md) as much as is taken at a time; 4 requests for everything wait already; `tracks.maxPerCamera` objects are followed on the camera already; the model is still being loaded; the node is stopping',
    remedy: "send fewer at a time; remove a track; wait for the node's state `online`",
  },
  expired: {
    when: 'the prompt was not begun within `maxAgeMs` of its arrival, or within its message expiry interval (MQTT 5)',
    remedy: 'send less often, allow more time, or take a smaller model',
  },
  model_failed: {
    when: 'onnxruntime or TensorRT refused a run (its own reason is in the message; too little GPU memory is one), or the inference thread died; it is started again. The node has ended three times over this job',
    remedy: 'look at the log; `samwire models verify` tells whether the model runs at all',
  },
  device_failed: {
    when: 'the GPU is lost to this process: an illegal address, a failed launch, an ECC error, a driver that is gone. No run after it can succeed, so the service ends with exit code 70 once the senders are told',
    remedy:
      'let systemd start the service again and send the prompt again; where it repeats itself, look at `dmesg`',
  },
  internal: {
    when: 'a bug in Samwire',
    remedy: "report it, with the log's stack",
  },
};
