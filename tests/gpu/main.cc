// The kernels on a real GPU: `kernels check` holds them against the CPU's references, `kernels
// bench` measures them. Exit codes: 0, 1 (a check failed), 77 (skipped: no GPU here).
#include <cstring>
#include <exception>

#include "cuda/device.h"
#include "gpu_test.h"

namespace {

int run(bool checks, bool benches) {
  using namespace samwire;
  std::string why_not;
  const auto device = cuda::find_device(0, why_not);
  if (!device) {
    std::printf("SKIPPED: the kernels were not run on a GPU: %s\n", why_not.c_str());
    return 77;
  }
  std::printf("%s, sm_%d%d, %s, %zu MiB, driver %d, runtime %d\n", device->name.c_str(),
              device->major, device->minor, device->integrated ? "integrated" : "discrete",
              device->memory_bytes >> 20, device->driver_version, device->runtime_version);
  cuda::use_device(0);
  gpu_testing::Report report;
  if (checks) {
    gpu_testing::check_preprocess(report);
    gpu_testing::check_masks(report);
    gpu_testing::check_graphs(report);
    const cuda::MemoryStats left = cuda::memory_stats();
    report.expect(left.device_bytes == 0 && left.host_bytes == 0, "memory was not freed");
    std::printf("%d checks, %d failed\n", report.checks(), report.failures());
  }
  if (benches) gpu_testing::bench();
  return report.failures() == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  const bool checks = argc == 2 && std::strcmp(argv[1], "check") == 0;
  const bool benches = argc == 2 && std::strcmp(argv[1], "bench") == 0;
  if (!checks && !benches) {
    std::printf("Expected one argument, check or bench\n");
    return 2;
  }
  try {
    return run(checks, benches);
  } catch (const std::exception& error) {
    std::printf("FAILED: %s\n", error.what());
    return 1;
  }
}
