/** How far the building of a model's engines has come. */
export interface BuildProgress {
  /** 0..1 of the whole; never falls. */
  readonly fraction: number;
  /** Such as `encoder fp16: build`. */
  readonly step: string;
}

/** An encoder takes about twice as long as a decoder, and that longer than the test. */
const WEIGHTS = { encoder: 6, decoder: 3, 'self-test': 1 } as const;
export type Stage = keyof typeof WEIGHTS;

/** While more rungs may follow, this part of what is left is taken as the share of the next one. */
const RUNG_SHARE = 0.9;
/** Preparing the graphs and the reference. */
const START_SHARE = 0.05;

/** Makes one fraction of the stages of a ladder whose length nobody knows. */
export class Progress {
  readonly #tell: (progress: BuildProgress) => void;
  #fraction = 0;
  #from = 0;
  #to = START_SHARE;
  #rungEnd = START_SHARE;
  #left: Stage[] = [];
  #title = '';

  constructor(tell: (progress: BuildProgress) => void) {
    this.#tell = tell;
  }

  /** What comes before the first rung. */
  start(title: string): void {
    this.#title = title;
    this.#report('', 0);
  }

  rung(stages: readonly Stage[], isLast: boolean): void {
    this.#from = this.#rungEnd;
    this.#rungEnd += (1 - this.#rungEnd) * (isLast ? 1 : RUNG_SHARE);
    this.#to = this.#from;
    this.#left = [...stages];
  }

  stage(stage: Stage, title: string): void {
    const weight = this.#left.reduce((sum, name) => sum + WEIGHTS[name], 0);
    this.#from = this.#to;
    this.#to =
      this.#from + ((this.#rungEnd - this.#from) * WEIGHTS[stage]) / Math.max(weight, WEIGHTS[stage]);
    this.#left.splice(this.#left.indexOf(stage), 1);
    this.#title = title;
    this.#report('', 0);
  }

  /** Within the stage; -1: this phase does not say. */
  phase(phase: string, fraction: number): void {
    this.#report(phase, Math.min(1, fraction));
  }

  #report(phase: string, fraction: number): void {
    const at = fraction < 0 ? this.#fraction : this.#from + (this.#to - this.#from) * fraction;
    this.#fraction = Math.max(this.#fraction, at);
    this.#tell({
      fraction: Math.round(this.#fraction * 1000) / 1000,
      step: phase === '' ? this.#title : `${this.#title}: ${phase}`,
    });
  }
}
