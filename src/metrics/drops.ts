import { REFUSALS } from '../pipeline/schedule/refusals.js';
import type { Family, Sample } from './family.js';
import type { Figures } from './figures.js';

/**
 * What is bounded drops something at times (docs/architecture.md has the bounds). `at` says where; what one of them is
 * there: `camera` a frame's event, `scheduler` a request, `link` an answer, `stream` a message that nobody asked for,
 * `labels` and `vision_msgs` one of those messages, `tracks` and `everything` a frame, `detections` a detection, `console`
 * a masks message for a page.
 */
export const DROPS: Family<Figures> = {
  kind: 'counter',
  name: 'samwire_drops_total',
  help: 'What was left out or given up, by where and why; docs/metrics.md says what each is.',
  labels: ['at', 'reason'],
  samples: (figures) => [
    ...at('camera', { untold: sum(figures, ({ untold }) => untold) }),
    ...at('scheduler', refusals(figures)),
    ...at('link', figures.link.dropped),
    ...at('stream', { offline_or_congested: figures.link.volatileDropped }),
    ...sideOutputs(figures),
    ...at('tracks', { frame_skipped: figures.pipeline.tracks.framesSkipped }),
    ...at('everything', {
      busy: figures.pipeline.everything.skipped.busy,
      no_frame: figures.pipeline.everything.skipped.noFrame,
    }),
    ...detections(figures),
    ...at('console', { slow_page: figures.http.console.masksDropped }),
  ],
};

function at(where: string, reasons: Readonly<Record<string, number>>): readonly Sample[] {
  return Object.entries(reasons).map(([reason, value]) => ({ labels: { at: where, reason }, value }));
}

function sum({ cameras }: Figures, of: (stats: { readonly untold: number }) => number): number {
  return [...cameras.values()].reduce((total, camera) => total + of(camera.stats()), 0);
}

function refusals({ pipeline: { scheduler } }: Figures): Readonly<Record<string, number>> {
  const named = REFUSALS.map((why) => [why.replace(/[A-Z]/g, (of) => `_${of.toLowerCase()}`), why] as const);
  return Object.fromEntries(named.map(([reason, why]) => [reason, scheduler?.refused[why] ?? 0]));
}

function sideOutputs({ outputs: { labels, visionMsgs } }: Figures): readonly Sample[] {
  return [
    ...at('labels', { newer_or_offline: labels.dropped, too_large: labels.tooLarge }),
    ...at('vision_msgs', { newer_or_offline: visionMsgs.dropped, too_large: visionMsgs.tooLarge }),
  ];
}

function detections({ pipeline }: Figures): readonly Sample[] {
  const { belowScore, otherClass, overMax, refused, superseded } = pipeline.detections;
  return at('detections', {
    below_score: belowScore,
    other_class: otherClass,
    over_max: overMax,
    refused,
    superseded,
  });
}
