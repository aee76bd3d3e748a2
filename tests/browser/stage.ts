/** What a person does with the picture of the console, and what the page then shows and saves. */
import { readFile } from 'node:fs/promises';
import type { Locator, Page } from 'playwright-core';
import sharp from 'sharp';
import { expect } from 'vitest';
import type { Watched } from './chromium.js';
import { type Shown, shownIn } from './clip.js';

/** A place or a corner, in pixels of the camera's frame. */
export type Place = readonly [x: number, y: number];

export interface Point {
  readonly button?: 'left' | 'right';
  readonly shift?: boolean;
}

/** Of the demo's clip: the ball rolls out of the picture, and a model sees less in half of it. */
export function hasWholeBall({ objects }: Shown): boolean {
  const [left = 0, , right = 0] = objects.get('ball')?.box ?? [];
  return left > 60 && right < 560;
}

/** A file that the page has saved. */
export interface Saved {
  readonly name: string;
  readonly bytes: Buffer;
}

export interface PngMask {
  readonly width: number;
  readonly height: number;
  /** One channel, row-major. */
  readonly pixels: Uint8Array;
}

export class Stage {
  readonly page: Page;
  readonly picture: Locator;
  readonly #watched: Watched;

  constructor(watched: Watched) {
    this.#watched = watched;
    this.page = watched.page;
    this.picture = watched.page.getByTestId('picture');
  }

  /** As `data-…` of the picture says it. */
  async says(what: 'seq' | 'state' | 'masks' | 'width' | 'height'): Promise<string | null> {
    return this.picture.getAttribute(`data-${what}`);
  }

  async masks(): Promise<number> {
    return Number(await this.says('masks'));
  }

  /** Of the page's viewport. */
  async onScreen([x, y]: Place): Promise<Place> {
    const canvas = await this.picture.locator('canvas').boundingBox();
    if (!canvas) throw new Error('The picture is not shown.');
    const [width, height] = [Number(await this.says('width')), Number(await this.says('height'))];
    return [canvas.x + (x / width) * canvas.width, canvas.y + (y / height) * canvas.height];
  }

  async click(at: Place, { button = 'left', shift = false }: Point = {}): Promise<void> {
    const place = await this.onScreen(at);
    if (shift) await this.page.keyboard.down('Shift');
    await this.page.mouse.click(...place, { button });
    if (shift) await this.page.keyboard.up('Shift');
  }

  /** As a person does it on this page: by a finger where it has touch. */
  async point(at: Place): Promise<void> {
    const place = await this.onScreen(at);
    const hasTouch = (await this.page.evaluate("matchMedia('(pointer: coarse)').matches")) === true;
    if (hasTouch) await this.page.touchscreen.tap(...place);
    else await this.page.mouse.click(...place);
  }

  async drag(from: Place, to: Place): Promise<void> {
    await this.page.mouse.move(...(await this.onScreen(from)));
    await this.page.mouse.down();
    await this.page.mouse.move(...(await this.onScreen(to)), { steps: 4 });
    await this.page.mouse.up();
  }

  button(name: string | RegExp): Locator {
    return this.page.getByRole('button', { name, exact: true });
  }

  /** What came about, as the page says it. */
  result(): Promise<string> {
    return this.page.getByTestId('result').innerText();
  }

  /** The truth of the picture that stands still. */
  async held(): Promise<Shown> {
    const seq = Number(await this.says('seq'));
    const jpeg = this.#watched.jpegOf(seq);
    if ((await this.says('state')) !== 'held' || !jpeg) throw new Error(`Frame ${seq} is not held.`);
    return shownIn(jpeg);
  }

  /**
   * Makes the picture stand still, with nothing asked for on it, at a moment when `suits` says that it will do. The first
   * click is on what never moves, at `still`.
   */
  async hold(still: Place, suits: (shown: Shown) => boolean): Promise<Shown> {
    for (let tries = 0; tries < 30; tries++) {
      await this.point(still);
      await this.button('Undo').click();
      await expect.poll(() => this.says('state'), { timeout: 20_000 }).toBe('held');
      await expect.poll(() => this.masks()).toBe(0);
      const shown = await this.held();
      if (suits(shown)) return shown;
      await this.button('Live').click();
      await this.page.waitForTimeout(700);
    }
    throw new Error('No picture of the clip did.');
  }

  /** Presses a button and gives the files that the page saves then. */
  async download(name: string, count = 1): Promise<Saved[]> {
    const files: Promise<Saved>[] = [];
    const all = new Promise<void>((resolve) => {
      this.page.on('download', (file) => {
        files.push(
          file.path().then(async (path) => ({ name: file.suggestedFilename(), bytes: await readFile(path) })),
        );
        if (files.length >= count) resolve();
      });
    });
    await this.button(name).click();
    await all;
    this.page.removeAllListeners('download');
    return Promise.all(files);
  }
}

/** @throws Error where the PNG is no 8-bit greyscale one. */
export async function readPng(bytes: Buffer): Promise<PngMask> {
  const picture = sharp(bytes);
  const { width, height, channels, depth } = await picture.metadata();
  if (channels !== 1 || depth !== 'uchar') throw new Error(`got ${channels} channels of ${depth}`);
  return { width, height, pixels: await picture.toColourspace('b-w').raw().toBuffer() };
}
