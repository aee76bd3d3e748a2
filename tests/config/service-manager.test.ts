import { describe, expect, it } from 'vitest';
import { takeServiceManager } from '../../src/config/service-manager.js';

describe('what the service manager has put into the environment', () => {
  it('is taken out of it, so that no child speaks for the service', () => {
    const env = {
      NOTIFY_SOCKET: '/run/systemd/notify',
      WATCHDOG_USEC: '30000000',
      WATCHDOG_PID: '7',
      PATH: '/bin',
    };
    expect(takeServiceManager(env, 7)).toEqual({ socket: '/run/systemd/notify', watchdogMs: 30_000 });
    expect(env).toEqual({ PATH: '/bin' });
  });

  it('is none where there is no manager', () => {
    expect(takeServiceManager({}, 7)).toBeNull();
    expect(takeServiceManager({ NOTIFY_SOCKET: '' }, 7)).toBeNull();
  });

  it.each([
    ['another process’s', { WATCHDOG_USEC: '1000000', WATCHDOG_PID: '8' }],
    ['no number', { WATCHDOG_USEC: 'soon' }],
    ['zero', { WATCHDOG_USEC: '0' }],
    ['absent', {}],
  ])('has no watchdog where it is %s', (_, more) => {
    expect(takeServiceManager({ NOTIFY_SOCKET: '@s', ...more }, 7)?.watchdogMs).toBeNull();
  });
});
