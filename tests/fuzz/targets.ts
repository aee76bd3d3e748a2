import type { FuzzTarget } from './target.js';
import { detections } from './targets/detections.js';
import { annotations, config, manifest, mat, onnx, records } from './targets/files.js';
import { http } from './targets/http.js';
import { job, live, picture, properties } from './targets/job.js';
import { prompt, requests } from './targets/prompt.js';

export const TARGETS: readonly FuzzTarget[] = [
  prompt,
  requests,
  detections,
  job,
  picture,
  properties,
  live,
  http,
  config,
  manifest,
  onnx,
  records,
  annotations,
  mat,
];
