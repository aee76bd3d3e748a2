// Makes the pictures of the self-test anew from the demo's scene: `npm run build:ts && node assets/self-test/make.mjs`.
// What prompts.json asks for was read off the scene's own masks at these times.
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { createStillLife, renderFrame } from '../../dist/demo/scene/render.js';
import { SCENE_HEIGHT, SCENE_WIDTH } from '../../dist/demo/scene/scene.js';

const still = createStillLife();
const picture = (timeMs) =>
  sharp(renderFrame(still, timeMs), { raw: { width: SCENE_WIDTH, height: SCENE_HEIGHT, channels: 3 } });
const out = (name) => fileURLToPath(new URL(name, import.meta.url));
const jpeg = { quality: 92, chromaSubsampling: '4:4:4' };

await picture(1500).jpeg(jpeg).toFile(out('table.jpg'));
// Portrait, and of a size that nothing divides.
const part = await picture(7000).extract({ left: 190, top: 120, width: 420, height: 570 }).png().toBuffer();
await sharp(part).resize(315, 428, { fit: 'fill' }).jpeg(jpeg).toFile(out('portrait.jpg'));
