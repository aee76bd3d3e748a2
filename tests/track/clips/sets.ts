import { between, HEIGHT, poseOf, Scene, type SceneOptions, WIDTH } from './scene.js';
import type { Clip } from './types.js';

type Kind = (seed: number, frames: number) => Clip;

/** Objects on paths of their own that never meet, with noise, turning, growing and shrinking. */
const orbits: Kind = (seed, frames) => {
  const scene = new Scene({ name: 'orbits', seed, frames, swing: 12 });
  const { random } = scene;
  for (let k = 0; k < 6; k++) {
    const [x, y] = [(WIDTH / 3) * ((k % 3) + 0.5), (HEIGHT / 2) * (Math.floor(k / 3) + 0.5)];
    const period = random.between(1800, 4000);
    const turn = random.sign();
    const swell = random.between(2600, 4100);
    const phase = random.between(0, 6);
    scene.object(
      random.between(60, 84),
      scene.paint(k),
      poseOf({
        x: (t) => x + 42 * Math.cos((turn * 2 * Math.PI * t) / period + phase),
        y: (t) => y + 26 * Math.sin((turn * 2 * Math.PI * t) / period + phase),
        scale: (t) => 1 + 0.2 * Math.sin((2 * Math.PI * t) / swell),
        turnsPerSecond: random.between(-0.12, 0.12),
      }),
    );
  }
  return scene.clip();
};

/** Objects that cross the whole frame, each in a lane of its own. */
const lanes: Kind = (seed, frames) => {
  const scene = new Scene({ name: 'lanes', seed, frames });
  const { random } = scene;
  for (let k = 0; k < 4; k++) {
    const lane = (HEIGHT / 4) * (k + 0.5);
    scene.object(
      random.between(48, 70),
      scene.paint(k),
      poseOf({
        x: between(50, WIDTH - 50, random.between(5000, 9000), random.next()),
        y: (t) => lane + 5 * Math.sin(t / 400 + k),
        turnsPerSecond: random.between(-0.2, 0.2),
      }),
    );
  }
  return scene.clip();
};

/** Objects of like colours that pass before and behind each other. */
const crossing: Kind = (seed, frames) => {
  const scene = new Scene({ name: 'crossing', seed, frames });
  const { random } = scene;
  const one = scene.paint(0);
  for (let k = 0; k < 4; k++) {
    const lane = (HEIGHT / 2) * (Math.floor(k / 2) + 0.5) + random.between(-12, 12);
    const like = { ...one, hue: (one.hue + 0.03 * k) % 1, value: Math.min(1, one.value * (1 + 0.05 * k)) };
    const period = random.between(5000, 7000);
    scene.object(
      random.between(66, 90),
      like,
      poseOf({
        x: between(70, WIDTH - 70, period, k % 2 === 0 ? 0.8 : 0.3),
        y: () => lane,
        turnsPerSecond: random.between(-0.1, 0.1),
      }),
    );
  }
  return scene.clip();
};

/** Objects that are wholly hidden for about a second, behind something that is not followed. */
const occlusion: Kind = (seed, frames) => {
  const scene = new Scene({ name: 'occlusion', seed, frames });
  const { random } = scene;
  for (let k = 0; k < 3; k++) {
    const lane = (HEIGHT / 3) * (k + 0.5);
    scene.object(
      random.between(56, 76),
      scene.paint(k),
      poseOf({
        x: between(60, WIDTH - 60, random.between(5500, 7500), random.pick([0.75, 0.25, 0.8, 0.3])),
        y: (t) => lane + 4 * Math.sin(t / 300),
        turnsPerSecond: random.between(-0.1, 0.1),
      }),
    );
  }
  scene.bar(random.between(130, 170), HEIGHT - 20, WIDTH / 2 + random.between(-40, 40), HEIGHT / 2);
  return scene.clip();
};

/** Swift objects and a shutter that is open all the time. */
const blur: Kind = (seed, frames) => {
  const scene = new Scene({ name: 'blur', seed, frames, exposureMs: 38, swing: 16 });
  const { random } = scene;
  for (let k = 0; k < 4; k++) {
    const lane = (HEIGHT / 4) * (k + 0.5);
    scene.object(
      random.between(50, 74),
      scene.paint(k),
      poseOf({
        x: between(60, WIDTH - 60, random.between(2200, 3600), random.next()),
        y: () => lane,
      }),
    );
  }
  return scene.clip();
};

/** Ten frames a second, and objects that leave their own place between two of them. */
const fast: Kind = (seed, frames) => {
  const scene = new Scene({ name: 'fast', seed, frames, frameMs: 100 });
  const { random } = scene;
  for (let k = 0; k < 4; k++) {
    const lane = (HEIGHT / 4) * (k + 0.5);
    scene.object(
      random.between(56, 74),
      scene.paint(k),
      poseOf({
        x: between(60, WIDTH - 60, random.between(2400, 4000), random.next()),
        y: (t) => lane + 8 * Math.sin(t / 500 + k),
        turnsPerSecond: random.between(-0.2, 0.2),
      }),
    );
  }
  return scene.clip();
};

/** Objects that go out of the frame wholly and come back. */
const leaving: Kind = (seed, frames) => {
  const scene = new Scene({ name: 'leaving', seed, frames });
  const { random } = scene;
  for (let k = 0; k < 3; k++) {
    const lane = (HEIGHT / 3) * (k + 0.5);
    const side = random.sign();
    const period = random.between(4000, 5200);
    scene.object(
      random.between(60, 80),
      scene.paint(k),
      poseOf({
        x: (t) => WIDTH / 2 - side * (WIDTH / 2 + 130) * Math.sin((2 * Math.PI * t) / period),
        y: (t) => lane + 6 * Math.sin(t / 500),
        turnsPerSecond: random.between(-0.1, 0.1),
      }),
    );
  }
  return scene.clip();
};

/** Light that falls to half and rises again. */
const light: Kind = (seed, frames) => {
  const options: SceneOptions = {
    name: 'light',
    seed,
    frames,
    light: (t) => 0.82 + 0.34 * Math.cos(t / 450) + 0.04 * Math.sin(t / 37),
  };
  const scene = new Scene(options);
  const { random } = scene;
  for (let k = 0; k < 4; k++) {
    const lane = (HEIGHT / 4) * (k + 0.5);
    scene.object(
      random.between(50, 74),
      scene.paint(k),
      poseOf({ x: between(60, WIDTH - 60, random.between(4500, 8000), random.next()), y: () => lane }),
    );
  }
  return scene.clip();
};

/** Objects that come near and go away, to three times their size. */
const near: Kind = (seed, frames) => {
  const scene = new Scene({ name: 'near', seed, frames });
  const { random } = scene;
  for (let k = 0; k < 3; k++) {
    const x = (WIDTH / 3) * (k + 0.5);
    const period = random.between(2400, 4200);
    const phase = random.between(0, 6);
    scene.object(
      random.between(76, 96),
      scene.paint(k),
      poseOf({
        x: (t) => x + 14 * Math.sin(t / 600 + k),
        y: (t) => HEIGHT / 2 + 70 * Math.sin(t / 900 + 2 * k),
        scale: (t) => 1.05 * 1.73 ** Math.sin((2 * Math.PI * t) / period + phase),
        turnsPerSecond: random.between(-0.1, 0.1),
      }),
    );
  }
  return scene.clip();
};

export const EASY: readonly Kind[] = [orbits, lanes];
export const HARD: readonly Kind[] = [crossing, occlusion, blur, fast, leaving, light, near];

export function easyClips(seeds: readonly number[], frames: number): Clip[] {
  return seeds.flatMap((seed) => EASY.map((kind, i) => kind(seed * 100 + i, frames)));
}

export function hardClips(seeds: readonly number[], frames: number): Clip[] {
  return seeds.flatMap((seed) => HARD.map((kind, i) => kind(seed * 100 + 50 + i, frames)));
}
