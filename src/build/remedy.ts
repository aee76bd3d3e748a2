import { PACKAGE_ROOT } from '../native/addon.js';
import type { TensorrtStatus } from '../native/build-types.js';
import { repairOf } from '../native/repair.js';
import type { Platform } from './platform.js';

type Piece = NonNullable<TensorrtStatus['problem']>['piece'];

/** A change of what the addon is compiled against. */
const REBUILD = repairOf(PACKAGE_ROOT).rebuild;

/**
 * What brings the missing piece onto this machine; undefined where there is nothing to mend, because it has no NVIDIA
 * GPU.
 */
export function tensorrtRemedy(
  { piece, compiled }: { readonly piece: Piece; readonly compiled: string | null },
  platform: Platform,
): string | undefined {
  if (platform.l4t === undefined && platform.gpu === 'none') return undefined;
  const major = compiled?.split('.')[0] ?? '';
  switch (piece) {
    case 'headers':
      return headersRemedy(platform);
    case 'library':
      return `Run: sudo apt-get install -y libnvinfer${major} libnvonnxparsers${major} (or, to use the TensorRT that is here: ${REBUILD})`;
    case 'major':
      return `Run: ${REBUILD}`;
    case 'device':
      return deviceRemedy(platform);
  }
}

function headersRemedy(platform: Platform): string {
  const { l4t, jetpack } = platform;
  if (l4t === undefined) return serverRemedy(platform);
  if (jetpack?.jetpack === '5.1')
    return (
      'Run: sudo apt-get install -y nvidia-jetpack g++-10, install CMake 3.21 or newer (JetPack 5 has 3.16; ' +
      `https://apt.kitware.com), then: rm -rf build .setup && CC=gcc-10 CXX=g++-10 CUDAHOSTCXX=g++-10 bash scripts/setup.sh`
    );
  const cuda = jetpack?.cuda.replace('.', '-');
  const smaller =
    cuda === undefined
      ? ''
      : ` (or the parts that are needed: libnvinfer-headers-dev libnvinfer-dev libnvonnxparsers-dev cuda-nvcc-${cuda} cuda-cudart-dev-${cuda})`;
  return `Run: sudo apt-get install -y nvidia-jetpack${smaller}, then: ${REBUILD}`;
}

/** A PC or server with an NVIDIA GPU. */
function serverRemedy({ repository, arch, gpu }: Platform): string {
  const driver = gpu === 'without driver' ? 'Install the NVIDIA driver (nvidia-smi must work). Then ' : '';
  const run = driver === '' ? 'Run: ' : 'run: ';
  if (repository === undefined)
    return `${driver}install the TensorRT and CUDA of https://docs.nvidia.com/deeplearning/tensorrt for this distribution, then run: ${REBUILD}`;
  const machine = arch === 'arm64' ? 'sbsa' : 'x86_64';
  const keyring = 'cuda-keyring_1.1-1_all.deb';
  return (
    `${driver}${run}wget https://developer.download.nvidia.com/compute/cuda/repos/${repository}/${machine}/${keyring} && ` +
    `sudo dpkg -i ${keyring} && sudo apt-get update && ` +
    `sudo apt-get install -y libnvinfer-dev libnvonnxparsers-dev cuda-toolkit, then: ${REBUILD}`
  );
}

function deviceRemedy({ l4t, gpu }: Platform): string {
  const container = 'in a container, start it with --runtime nvidia (Jetson) or --gpus all';
  if (gpu === 'without driver') return 'Install the NVIDIA driver, restart, and see that nvidia-smi works.';
  if (l4t !== undefined)
    return `Let this user use the GPU: sudo usermod -aG video "$USER" and log in again; ${container}.`;
  return `See whether nvidia-smi works (a driver that was updated wants a restart); ${container}.`;
}
