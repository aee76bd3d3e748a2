import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Answer, compareAnswers, isTelling, passes } from '../../src/build/compare.js';
import { runTask } from '../../src/build/run-task.js';
import { makeReference } from '../../src/build/self-test.js';
import { referenceSchema } from '../../src/build/tasks.js';
import { ConfigError, TransientError } from '../../src/errors.js';
import { loadAddon, PACKAGE_ROOT } from '../../src/native/addon.js';
import { BUNDLED, copyOfBundled, emptyDirectory } from '../models/directories.js';

async function reference(modelDir: string) {
  const answers = join(await emptyDirectory(), 'answers.json');
  const counted = await makeReference({ task: 'reference', modelDir, threads: 1, answers });
  return { counted, answers: JSON.parse(await readFile(answers, 'utf8')) as Answer[] };
}

describe('the self-test', () => {
  it('has a dozen telling prompts and more, which the bundled model answers; compared with itself it passes', async () => {
    const { counted, answers } = await reference(BUNDLED);
    const prompts = JSON.parse(
      await readFile(join(PACKAGE_ROOT, 'assets/self-test/prompts.json'), 'utf8'),
    ) as { messages: { prompts: { id: string }[] }[] }[];
    const ids = prompts.flatMap(({ messages }) => messages.flatMap((message) => message.prompts));
    expect(answers.map(({ id }) => id)).toEqual(ids.map(({ id }) => id));
    expect(new Set(answers.map(({ id }) => id)).size).toBe(answers.length);
    expect(answers.filter((answer) => !isTelling(answer)).map(({ id }) => id)).toEqual([]);
    expect(counted).toEqual({ prompts: 17, telling: 17 });
    const found = compareAnswers(answers, answers, loadAddon().rleToMask);
    expect(found.every(({ iou, scoreDelta }) => iou === 1 && scoreDelta === 0)).toBe(true);
    expect(passes(found)).toBe(true);
    // Each sees its own object: no mask stands for another.
    expect(new Set(answers.map(({ chosen }) => chosen.counts)).size).toBe(answers.length);
  });

  it('on a full disk says so, and is no bug', async () => {
    const task = { task: 'reference', modelDir: BUNDLED, threads: 1, answers: '/dev/full' } as const;
    const full = runTask(task, referenceSchema);
    await expect(full).rejects.toThrow(TransientError);
    await expect(full).rejects.toThrow(/no room .*ENOSPC.*Make room there/);
  });

  it("is the model's own where its directory has one", async () => {
    const dir = await copyOfBundled(await emptyDirectory(), 'own');
    await mkdir(join(dir, 'self-test'));
    const table = await readFile(join(PACKAGE_ROOT, 'assets/self-test/table.jpg'));
    await writeFile(join(dir, 'self-test/scene.jpg'), table);
    const prompts = [{ id: 'mug', box: [1016, 160, 1236, 371] }];
    const entries = [{ image: 'scene.jpg', messages: [{ prompts }] }];
    await writeFile(join(dir, 'self-test/prompts.json'), JSON.stringify(entries));
    const { counted, answers } = await reference(dir);
    expect(counted.prompts).toBe(1);
    expect(answers[0]).toMatchObject({ id: 'mug', width: 1280, height: 720 });
  });

  it('that is faulty is told with its folder', async () => {
    const dir = await copyOfBundled(await emptyDirectory(), 'own');
    await mkdir(join(dir, 'self-test'));
    await writeFile(join(dir, 'self-test/prompts.json'), '[{"image":"no.jpg","messages":[]}]');
    const refused = reference(dir);
    await expect(refused).rejects.toThrow(ConfigError);
    await expect(refused).rejects.toThrow(join(dir, 'self-test'));
  });
});
