#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "frame/error.h"
#include "mask/rle.h"

// A target's body, FUZZ_TARGET(name) { ... `in` ... }. All of them stand in targets.h.
#define FUZZ_TARGET(name)                    \
  void fuzz_##name(samwire::fuzz::Input in); \
  void fuzz_##name(samwire::fuzz::Input in)

namespace samwire::fuzz {

// Values out of an input's bytes; zeros where they are at their end.
class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size) : data_(data), size_(size) {}

  std::uint8_t byte() { return size_ == 0 ? 0 : (--size_, *data_++); }
  bool flag() { return (byte() & 1) != 0; }

  template <typename T>
  T raw() {
    T value{};
    const std::size_t count = size_ < sizeof value ? size_ : sizeof value;
    std::memcpy(&value, data_, count);
    data_ += count;
    size_ -= count;
    return value;
  }

  // low..high, both included.
  int range(int low, int high) {
    const auto span = static_cast<std::uint64_t>(static_cast<std::int64_t>(high) - low + 1);
    const std::uint64_t value = span <= 256 ? byte() : raw<std::uint32_t>();
    return static_cast<int>(low + static_cast<std::int64_t>(value % span));
  }

  // Mostly within low..high, now and then any number: what an argument check has to stop.
  int mostly(int low, int high) { return byte() < 250 ? range(low, high) : raw<std::int32_t>(); }
  double mostly_small(double scale) {
    return byte() < 240 ? scale * raw<std::int16_t>() / 32768 : raw<double>();
  }

  std::string text(std::size_t most) {
    const std::size_t count = size_ < most ? size_ : most;
    std::string text(reinterpret_cast<const char*>(data_), count);
    data_ += count;
    size_ -= count;
    return text;
  }
  std::string rest() { return text(size_); }
  bool empty() const { return size_ == 0; }

 private:
  const std::uint8_t* data_;
  std::size_t size_;
};

// Ends the process with what does not hold: libFuzzer and the replay report the input.
inline void hold(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s\n", what);
  std::abort();
}

// Whether `work` went through. What it refuses, it refuses with an Error that says something.
template <typename Work>
bool accepted(Work work) {
  try {
    work();
    return true;
  } catch (const Error& error) {
    hold(error.what()[0] != 0 && !error.code().empty() && error.code() != "internal",
         "a refusal says what was expected, and is no fault of ours");
    hold(std::strlen(error.what()) < 4096, "a refusal is short");
    return false;
  }
}

// A mask of one byte a pixel, row-major, painted in runs of lengths that the input gives.
inline std::vector<std::uint8_t> bitmap_from(Input& in, int width, int height) {
  std::vector<std::uint8_t> bitmap(static_cast<std::size_t>(width) * height);
  bool inside = in.flag();
  for (std::size_t at = 0; at < bitmap.size() && !in.empty(); inside = !inside) {
    for (int left = in.byte(); left > 0 && at < bitmap.size(); --left) bitmap[at++] = inside;
  }
  return bitmap;
}

inline std::vector<std::uint32_t> runs_from(Input& in, int width, int height) {
  return bitmap_to_rle(bitmap_from(in, width, height).data(), width, height).counts;
}

// Column-major runs of a row-major bitmap, counted pixel by pixel.
inline std::vector<std::uint32_t> plain_runs(const std::vector<std::uint8_t>& bitmap, int width,
                                             int height) {
  std::vector<std::uint32_t> counts{0};
  bool inside = false;
  for (int x = 0; x < width; ++x) {
    for (int y = 0; y < height; ++y) {
      const bool here = bitmap[static_cast<std::size_t>(y) * width + x] != 0;
      if (here != inside) counts.push_back(0);
      inside = here;
      ++counts.back();
    }
  }
  return counts;
}

}  // namespace samwire::fuzz
