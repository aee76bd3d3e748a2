#include "mask/kernels_impl.h"

namespace samwire {

const MaskKernels& portable_mask_kernels() { return kKernels; }

const MaskKernels& best_mask_kernels() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2")) return avx2_mask_kernels();
#endif
  return portable_mask_kernels();
}

}  // namespace samwire
