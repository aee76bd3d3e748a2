#include "cuda/bits.h"

#include <bit>
#include <cstddef>

namespace samwire::cuda {
namespace {

constexpr int kWordBits = 32;

class Runs {
 public:
  explicit Runs(std::vector<std::uint32_t>& counts) : counts_(counts) { counts_.clear(); }

  bool inside() const noexcept { return inside_; }
  void flip(std::uint32_t position) {
    counts_.push_back(position - last_);
    last_ = position;
    inside_ = !inside_;
  }
  void end(std::uint32_t pixels) { counts_.push_back(pixels - last_); }

 private:
  std::vector<std::uint32_t>& counts_;
  std::uint32_t last_ = 0;
  bool inside_ = false;
};

}  // namespace

void runs_of_bits(const BitMask& mask, const std::array<int, 4>& box,
                  std::vector<std::uint32_t>& counts) {
  Runs runs(counts);
  const auto height = static_cast<std::uint32_t>(mask.height);
  const int first_word = box[1] / kWordBits;
  const int end_word = (box[3] + kWordBits - 1) / kWordBits;
  for (int x = box[0]; x < box[2]; ++x) {
    const std::uint32_t top = static_cast<std::uint32_t>(x) * height;
    const std::uint32_t* column = mask.words + static_cast<std::size_t>(x) * mask.column_stride;
    // The column before ended inside, and this one begins outside.
    if (runs.inside() && first_word > 0) runs.flip(top);
    for (int w = first_word; w < end_word; ++w) {
      const std::uint32_t bits = column[w];
      const std::uint32_t row = static_cast<std::uint32_t>(w) * kWordBits;
      std::uint32_t flips = bits ^ (bits << 1 | static_cast<std::uint32_t>(runs.inside()));
      // Below the last row nothing flips: the run goes on in the next column.
      if (height - row < kWordBits) flips &= (1U << (height - row)) - 1;
      for (; flips != 0; flips &= flips - 1)
        runs.flip(top + row + static_cast<std::uint32_t>(std::countr_zero(flips)));
    }
    const std::uint32_t end = static_cast<std::uint32_t>(end_word) * kWordBits;
    if (runs.inside() && end < height) runs.flip(top + end);
  }
  // The last column may have ended inside at the frame's last row, with columns to the right.
  const std::uint32_t after = static_cast<std::uint32_t>(box[2]) * height;
  if (runs.inside() && box[2] < mask.width) runs.flip(after);
  runs.end(static_cast<std::uint32_t>(mask.width) * height);
}

}  // namespace samwire::cuda
