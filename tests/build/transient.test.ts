import { describe, expect, it } from 'vitest';
import { SelfTestError } from '../../src/build/build.js';
import { CacheError } from '../../src/build/cache-folder.js';
import { ChildDiedError } from '../../src/build/run-task.js';
import { isTransient } from '../../src/build/transient.js';
import { SamwireError, TransientError, UnavailableError } from '../../src/errors.js';
import { trialOf } from './records.js';

const fileError = (code: string): Error => Object.assign(new Error(code), { code });
const failed = (...problems: (string | undefined)[]): SelfTestError =>
  new SelfTestError(
    'tiny',
    problems.map((problem) =>
      trialOf({ passed: false, ...(problem === undefined ? {} : { problem, prompts: [] }) }),
    ),
  );

describe('engines may be had later, without a person', () => {
  it.each<[boolean, string, Error]>([
    [true, 'a full disk', new CacheError('/cache', fileError('ENOSPC'))],
    [true, 'a quota', new CacheError('/cache', fileError('EDQUOT'))],
    [false, "a folder of somebody else's", new CacheError('/cache', fileError('EACCES'))],
    [true, 'a process that was killed', new ChildDiedError('build', true, 'was killed.')],
    [true, 'an engine that could not be built', failed(undefined, 'encoder fp16: out of memory')],
    [false, 'masks that were compared, and wrong', failed(undefined, undefined)],
    [true, 'what says so itself', new TransientError('There is no room.')],
    [false, 'what is not there', new UnavailableError('No TensorRT.')],
    [false, 'a model that can not be mended', new SamwireError('model_failed', 'It is not what it was.')],
  ])('%s for %s', (is, _, error) => {
    expect(isTransient(error)).toBe(is);
  });
});
