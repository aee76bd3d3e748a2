#include "image/scaled.h"

#include <cstddef>
#include <string>

#include "frame/error.h"
#include "image/kernels.h"
#include "image/view.h"

namespace samwire {

void check_scaled_size(const ImageView& view, int width, int height) {
  if (width >= 1 && height >= 1 && width <= view.width && height <= view.height) return;
  throw Error("invalid_argument", "Expected a size of at most " + std::to_string(view.width) +
                                      " x " + std::to_string(view.height) + ", got " +
                                      std::to_string(width) + " x " + std::to_string(height) + ".");
}

void ScaledRgb::write(const ImageView& view, int width, int height, std::uint8_t* out) {
  image::check_view(view);
  check_scaled_size(view, width, height);
  if (width == view.width && height == view.height) {
    to_rgb(view, out);
    return;
  }
  ImageSpec spec;
  spec.width = width;
  spec.height = height;
  spec.fit = Fit::kStretch;
  spec.filter = Filter::kArea;
  const std::size_t pixels = static_cast<std::size_t>(width) * static_cast<std::size_t>(height);
  const std::size_t pitch = static_cast<std::size_t>(width) + image::kRowMargin;
  if (levels_.size() < 3 * pixels) levels_.resize(3 * pixels);
  if (rows_.size() < 3 * pitch) rows_.resize(3 * pitch);
  preparer_.prepare(view, spec, levels_.data());
  const image::Kernels& kernels = image::kernels(SimdChoice::kBest);
  std::uint8_t* const rows[3] = {rows_.data(), rows_.data() + pitch, rows_.data() + 2 * pitch};
  for (int y = 0; y < height; ++y) {
    const std::size_t first = static_cast<std::size_t>(y) * width;
    for (int c = 0; c < 3; ++c) {
      const float* levels = levels_.data() + c * pixels + first;
      for (int x = 0; x < width; ++x) {
        rows[c][x] = static_cast<std::uint8_t>(static_cast<int>(levels[x] + 0.5F));
      }
    }
    kernels.join_row(rows, width, out + first * 3);
  }
}

}  // namespace samwire
