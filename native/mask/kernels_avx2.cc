// Compiled with -mavx2 on x86-64; empty elsewhere.
#if defined(__AVX2__)

#include "mask/kernels_impl.h"

namespace samwire {

const MaskKernels& avx2_mask_kernels() { return kKernels; }

}  // namespace samwire

#endif
