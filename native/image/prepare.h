#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "frame/frame.h"

namespace samwire {

// Names and meanings are those of a manifest's `image` block (docs/models.md).
enum class Fit { kLetterbox, kLetterboxCentred, kStretch, kNative };
// How a letterboxed side becomes whole: int(x), int(x + 0.5), Python's round(x).
enum class Rounding { kFloor, kRound, kHalfEven };

// The antialiased filters are Pillow's (8-bit pictures, horizontal pass first, rounded and clipped
// between the passes), kBilinear and kBicubic are OpenCV's INTER_LINEAR and INTER_CUBIC (half-pixel
// centres, edge pixels repeated). kArea averages like OpenCV's INTER_AREA along an axis that
// shrinks and is kBilinear along one that grows. kBilinearAntialiasFloat is PyTorch's antialiased
// bilinear on floats, as torchvision resizes a tensor: Pillow's filter, but no level is rounded to
// a whole number (here to 1/128 between the passes and 1/256 after them).
enum class Filter {
  kBilinear,
  kBilinearAntialias,
  kBilinearAntialiasFloat,
  kBicubic,
  kBicubicAntialias,
  kArea
};
enum class Channels { kRGB, kBGR };

struct ImageSpec {
  int width = 0;  // of the tensor; ignored by kNative
  int height = 0;
  Fit fit = Fit::kLetterbox;
  Rounding rounding = Rounding::kRound;
  Filter filter = Filter::kBilinearAntialias;
  Channels channels = Channels::kRGB;
  float scale = 1;                     // multiplies the 0..255 level before mean and std
  std::array<float, 3> mean{0, 0, 0};  // in the order of `channels`
  std::array<float, 3> std{1, 1, 1};
  bool pad_after_normalise =
      true;  // true: the padding is 0 in the tensor; false: pad_level, normalised
  float pad_level = 0;
};

// Where the resized picture lies in the tensor, and the tensor's size.
struct Placement {
  int x = 0, y = 0, width = 0, height = 0;
  int tensor_width = 0, tensor_height = 0;
};

// Sides of pictures and tensors are 1..kMaxImageSide pixels.
inline constexpr int kMaxImageSide = 32768;

// Where a width x height picture goes. Letterbox: the side that limits gets the tensor's size, the
// other is rounded as the spec says and at least 1. kRound is SAM's ResizeLongestSide, int(side *
// scale + 0.5); kFloor is NanoSAM's, int(tensor side / aspect ratio). Throws
// Error("invalid_argument") for sides out of range or a mean, std or scale that is not usable.
Placement place(const ImageSpec& spec, int width, int height);

// kBest is what this CPU offers, kScalar is plain C++ (for tests, and for x86 without AVX2).
enum class SimdChoice { kBest, kScalar };

// "avx2", "neon" or "scalar": what kBest means on this CPU.
const char* simd_level() noexcept;

// Picture → encoder input. Owns its scratch memory and its resampling tables, so that a call
// allocates nothing when this size and format was among the last few. One instance a thread.
class ImagePreparer {
 public:
  explicit ImagePreparer(SimdChoice simd = SimdChoice::kBest);
  ~ImagePreparer();
  ImagePreparer(ImagePreparer&&) noexcept;
  ImagePreparer& operator=(ImagePreparer&&) noexcept;

  // Writes all of float32 out[3][tensor_height][tensor_width]: (level * scale - mean) / std inside
  // the placement, padding around it. YUV becomes RGB at the source's resolution (each pixel with
  // its nearest chroma sample, fixed point, within 1 level of the exact formula), then each channel
  // is resized. `out` needs room for what place() says and no alignment. Throws
  // Error("invalid_argument") for a view with a missing plane, a stride shorter than a row or a
  // side out of range, and as place() does.
  Placement prepare(const ImageView& view, const ImageSpec& spec, float* out);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// The same result by plain loops over whole pictures, for tests: the levels are equal bit for bit,
// the floats to the last bits. Allocates; slow.
Placement prepare_reference(const ImageView& view, const ImageSpec& spec, float* out);

// Packed RGB, out[height][width][3], at the picture's own size.
void to_rgb(const ImageView& view, std::uint8_t* out);

}  // namespace samwire
