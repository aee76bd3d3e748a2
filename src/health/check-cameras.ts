import { accessSync, constants, readdirSync, statSync } from 'node:fs';
import { type SourceScheme, sourcePath, sourceScheme } from '../config/addresses.js';
import type { CameraConfig, Config } from '../config/schema.js';
import { networkFaultText } from '../mqtt/broker-faults.js';
import type { NativeAddon } from '../native/types.js';
import { maskSecrets } from '../secrets.js';
import type { Check } from './check.js';
import { type Host, onHost } from './host.js';
import { tcpFault } from './tcp.js';

const RTSP_TIMEOUT_MS = 2_000;
const RTSP_PORTS: Partial<Record<SourceScheme, number>> = { rtsp: 554, rtsps: 322 };

type Finding = Pick<Check, 'status' | 'found'> & { readonly remedy?: string };

/** Each camera of the config and its depth: whether the source is there. None is opened, because the service may be using it. */
export async function checkCameras(
  config: Config,
  host: Host,
  addon: NativeAddon | undefined,
): Promise<Check[]> {
  return Promise.all(
    Object.entries(config.cameras)
      .flatMap(sourcesOf)
      .map(async ({ name, ...source }) => {
        const { status, found, remedy } = await lookAt(source, host, addon);
        return {
          name: `camera ${name}`,
          status,
          found: `${maskSecrets(source.source)}: ${found}`,
          ...(remedy === undefined ? {} : { remedy }),
          of: 'configured' as const,
        };
      }),
  );
}

type Source = Pick<CameraConfig, 'source' | 'enabled' | 'width' | 'height' | 'fps'> & {
  readonly isDepth: boolean;
};

function sourcesOf([name, camera]: [string, CameraConfig]): (Source & { readonly name: string })[] {
  const { depth, enabled } = camera;
  const own = { ...camera, name, isDepth: false };
  return depth ? [own, { ...depth, name: `${name} (depth)`, enabled, isDepth: true }] : [own];
}

async function lookAt(
  { source, enabled, width, height, fps, isDepth }: Source,
  host: Host,
  addon: NativeAddon | undefined,
): Promise<Finding> {
  if (!enabled) return { status: 'skipped', found: 'disabled' };
  try {
    addon?.cameraPipeline({
      source,
      depth: isDepth,
      ...(width === undefined ? {} : { width }),
      ...(height === undefined ? {} : { height }),
      ...(fps === undefined ? {} : { fps }),
    });
  } catch (error) {
    const found = maskSecrets(error instanceof Error ? error.message : String(error));
    return { status: 'fail', found, remedy: 'Correct the source of this camera in the config.' };
  }
  switch (sourceScheme(source)) {
    case 'v4l2':
      return device(sourcePath(source), host);
    case 'file':
      return file(sourcePath(source), host);
    case 'shm':
      return shmSocket(sourcePath(source), host);
    case 'rtsp':
    case 'rtsps':
      return network(source);
    case 'csi':
      return csi(host);
    case 'test':
      return { status: 'ok', found: 'generated' };
    case 'gst':
      return { status: 'ok', found: 'a pipeline of its own' };
  }
}

function device(path: string, host: Host): Finding {
  const fault = accessFault(onHost(host, path), constants.R_OK | constants.W_OK);
  if (fault === 'missing') {
    const others = videoDevices(host);
    return {
      status: 'fail',
      found: `does not exist${others.length > 0 ? `; there are ${others.join(', ')}` : ', nor any other video device'}`,
      remedy: 'Plug the camera in, or name its device. Run: v4l2-ctl --list-devices (package v4l-utils)',
    };
  }
  if (fault === 'forbidden') {
    return {
      status: 'fail',
      found: `user ${host.user} may not use it`,
      remedy: `Run: sudo usermod -aG video ${host.user} (then log in again, or restart the service)`,
    };
  }
  return { status: 'ok', found: 'there, and may be used' };
}

function file(path: string, host: Host): Finding {
  const fault = accessFault(onHost(host, path), constants.R_OK);
  if (fault === 'missing')
    return {
      status: 'fail',
      found: 'does not exist',
      remedy: `Put the clip at ${path}, or correct the path.`,
    };
  if (fault === 'forbidden') {
    return {
      status: 'fail',
      found: `user ${host.user} may not read it`,
      remedy: `Run: sudo chmod a+r '${path}'`,
    };
  }
  if (!statSync(onHost(host, path)).isFile())
    return { status: 'fail', found: 'is not a file', remedy: 'Name the clip itself.' };
  return { status: 'ok', found: 'there' };
}

function shmSocket(path: string, host: Host): Finding {
  const fault = accessFault(onHost(host, path), constants.R_OK | constants.W_OK);
  if (fault === undefined) return { status: 'ok', found: 'there' };
  // It comes and goes with the process that shares the camera; `run` waits for it.
  return fault === 'missing'
    ? {
        status: 'warn',
        found: 'does not exist yet',
        remedy: `Start the process with shmsink socket-path=${path}.`,
      }
    : {
        status: 'fail',
        found: `user ${host.user} may not use it`,
        remedy: 'Give that shmsink perms=0666, or run both as one user.',
      };
}

async function network(source: string): Promise<Finding> {
  const { hostname, port, protocol } = new URL(source);
  const number = Number(port) || RTSP_PORTS[protocol.slice(0, -1) as SourceScheme] || 554;
  const fault = await tcpFault(hostname, number, RTSP_TIMEOUT_MS);
  if (fault === undefined) return { status: 'ok', found: `port ${number} is open` };
  return {
    status: 'fail',
    found: `${hostname} port ${number}: ${networkFaultText(fault)}`,
    remedy: `Check the camera's power, network and address. Run: ping -c 3 ${hostname}`,
  };
}

/** That nvarguscamerasrc exists, `cameraPipeline` has seen to. */
function csi(host: Host): Finding {
  if (accessFault(onHost(host, '/tmp/argus_socket'), constants.F_OK) === undefined) {
    return { status: 'ok', found: 'nvargus-daemon runs; whether the sensor is there, only opening it shows' };
  }
  return {
    status: 'warn',
    found: 'nvargus-daemon does not run',
    remedy: 'Run: sudo systemctl restart nvargus-daemon',
  };
}

function accessFault(path: string, mode: number): 'missing' | 'forbidden' | undefined {
  try {
    accessSync(path, mode);
    return undefined;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    return code === 'EACCES' || code === 'EPERM' || code === 'EROFS' ? 'forbidden' : 'missing';
  }
}

function videoDevices(host: Host): string[] {
  try {
    return readdirSync(onHost(host, '/dev')).flatMap((name) =>
      /^video\d+$/.test(name) ? [`/dev/${name}`] : [],
    );
  } catch {
    return [];
  }
}
