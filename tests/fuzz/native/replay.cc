// The fuzz targets without libFuzzer: each committed seed, and so many changes of each, always the
// same ones. replay TARGET FOLDER RUNS; or replay TARGET FILE, for one input.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>

#include "targets.h"

namespace {

using Bytes = std::vector<std::uint8_t>;
using samwire::fuzz::kTargets;
using samwire::fuzz::Target;

Bytes read(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void run(const Target& target, const Bytes& bytes) {
  // Exactly as long as the input, so that AddressSanitizer sees a byte too far.
  const auto copy = std::make_unique<std::uint8_t[]>(bytes.size());
  std::copy(bytes.begin(), bytes.end(), copy.get());
  target.run({copy.get(), bytes.size()});
}

class Changes {
 public:
  Bytes of(Bytes bytes) {
    for (std::uint32_t i = 1 + below(6); i > 0; --i) change(bytes);
    return bytes;
  }

 private:
  std::uint32_t below(std::size_t limit) {
    state_ = state_ * 6364136223846793005ULL + 1442695040888963407ULL;
    return limit == 0 ? 0 : static_cast<std::uint32_t>((state_ >> 33) % limit);
  }

  void change(Bytes& bytes) {
    const auto at = bytes.begin() + below(bytes.size() + 1);
    switch (below(5)) {
      case 0:
        bytes.insert(at, static_cast<std::uint8_t>(below(256)));
        break;
      case 1:
        bytes.erase(at, std::min(bytes.end(),
                                 at + std::min<std::ptrdiff_t>(1 + below(8), bytes.end() - at)));
        break;
      case 2:
        if (at != bytes.end()) *at = static_cast<std::uint8_t>(below(2) != 0 ? 255 : 0);
        break;
      default:
        if (at != bytes.end()) *at = static_cast<std::uint8_t>(below(256));
    }
  }

  std::uint64_t state_ = 7;
};

void replay(const Target& target, const std::filesystem::path& folder, int runs) {
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  Changes changes;
  for (const auto& path : paths) {
    const Bytes seed = read(path);
    run(target, seed);
    for (int i = 0; i < runs; ++i) run(target, changes.of(seed));
  }
  std::printf("%s: %zu seeds, %zu inputs\n", target.name, paths.size(), paths.size() * (runs + 1));
  if (paths.empty()) std::abort();
}

}  // namespace

int main(int argc, char** argv) {
  for (const Target& target : kTargets) {
    if (argc < 3 || std::strcmp(argv[1], target.name) != 0) continue;
    if (std::filesystem::is_directory(argv[2])) {
      replay(target, argv[2], argc > 3 ? std::atoi(argv[3]) : 0);
    } else {
      run(target, read(argv[2]));
    }
    return 0;
  }
  std::fprintf(stderr, "Expected a target, a folder of seeds and a number of changes.\n");
  return 2;
}
