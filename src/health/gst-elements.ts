import { isNumbered, type SourceScheme, sourceScheme } from '../config/addresses.js';

interface Needs {
  /** Without these a source of this kind can't be opened. */
  readonly must: readonly string[];
  /** Without these some of its formats can't be decoded. Of each group, one is enough. */
  readonly decoders: readonly (readonly string[])[];
}

const H264: readonly (readonly string[])[] = [['h264parse'], ['nvv4l2decoder', 'avdec_h264', 'openh264dec']];
const JETSON = 'nvidia-l4t-gstreamer';

/** What native/camera/pipeline_text.cc builds a source's pipeline from. */
const NEEDS: Record<SourceScheme, Needs> = {
  csi: { must: ['nvarguscamerasrc', 'nvvidconv'], decoders: [] },
  v4l2: { must: ['v4l2src', 'decodebin'], decoders: [['jpegdec', 'nvv4l2decoder']] },
  rtsp: { must: ['rtspsrc', 'decodebin'], decoders: [['rtph264depay'], ...H264] },
  rtsps: { must: ['rtspsrc', 'decodebin'], decoders: [['rtph264depay'], ...H264] },
  file: { must: ['uridecodebin'], decoders: [['qtdemux'], ...H264] },
  test: { must: ['videotestsrc'], decoders: [] },
  shm: { must: ['shmsrc'], decoders: [] },
  gst: { must: [], decoders: [] },
};
const NUMBERED: Needs = { must: ['multifilesrc'], decoders: [['pngdec', 'jpegdec']] };
const ALWAYS = ['appsink', 'videoconvert'];

/** Debian's and Ubuntu's packages; nothing stands here for elements of other makers. */
const PACKAGES: Readonly<Record<string, string>> = {
  appsink: 'gstreamer1.0-plugins-base',
  videoconvert: 'gstreamer1.0-plugins-base',
  videotestsrc: 'gstreamer1.0-plugins-base',
  decodebin: 'gstreamer1.0-plugins-base',
  uridecodebin: 'gstreamer1.0-plugins-base',
  v4l2src: 'gstreamer1.0-plugins-good',
  jpegdec: 'gstreamer1.0-plugins-good',
  pngdec: 'gstreamer1.0-plugins-good',
  multifilesrc: 'gstreamer1.0-plugins-good',
  rtspsrc: 'gstreamer1.0-plugins-good',
  rtph264depay: 'gstreamer1.0-plugins-good',
  qtdemux: 'gstreamer1.0-plugins-good',
  shmsrc: 'gstreamer1.0-plugins-bad',
  h264parse: 'gstreamer1.0-plugins-bad',
  openh264dec: 'gstreamer1.0-plugins-bad',
  avdec_h264: 'gstreamer1.0-libav',
  nvarguscamerasrc: JETSON,
  nvvidconv: JETSON,
  nvv4l2decoder: JETSON,
};

export interface MissingElements {
  readonly must: readonly string[];
  /** Groups of which one is enough, as "avdec_h264 or openh264dec". */
  readonly decoders: readonly string[];
  /** Packages to install, where they are known. */
  readonly packages: readonly string[];
}

/** Which elements these sources need and this machine lacks; `has` is the addon's `gstElements`. */
export function missingElements(
  sources: readonly string[],
  has: (names: readonly string[]) => Record<string, boolean>,
): MissingElements {
  const needs = sources.map((source) => (isNumbered(source) ? NUMBERED : NEEDS[sourceScheme(source)]));
  const must = [
    ...new Set([...ALWAYS, ...needs.flatMap((need) => need.must), ...sources.flatMap(pipelineElements)]),
  ];
  const groups = needs.flatMap((need) => need.decoders);
  const known = has([...new Set([...must, ...groups.flat()])]);
  const lacking = must.filter((name) => !known[name]);
  const lackingGroups = groups.filter((group) => !group.some((name) => known[name]));
  // The software decoders come before Jetson's in what to install: they exist everywhere.
  const toInstall = [
    ...lacking,
    ...lackingGroups.map((group) => group.find((name) => PACKAGES[name] !== JETSON) ?? ''),
  ];
  const packages = toInstall.flatMap((name) => PACKAGES[name] ?? []);
  return {
    must: lacking,
    decoders: [...new Set(lackingGroups.map((group) => group.join(' or ')))],
    packages: [...new Set(packages)].sort(),
  };
}

/** The elements that a gst:// pipeline names: the first word between its `!` that is no caps and no reference. */
export function pipelineElements(source: string): readonly string[] {
  if (sourceScheme(source) !== 'gst') return [];
  const text = source.slice('gst://'.length).replace(/"[^"]*"|'[^']*'/g, '""');
  return text
    .split('!')
    .map((part) => part.trim().split(/\s+/)[0] ?? '')
    .filter((word) => /^[A-Za-z][\w-]*$/.test(word));
}
