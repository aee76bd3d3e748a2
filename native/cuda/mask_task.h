#pragma once

#include <cstdint>

namespace samwire::cuda {

// Which of a prompt's candidates becomes a mask. These choose on the device, by predicted IoU and
// by the logits, so that the CPU does not have to wait for the decoder (src/models/candidates.ts
// says what they mean; NaN never wins).
inline constexpr int kBestScore = -1;
inline constexpr int kOfficial = -2;
inline constexpr int kBestMulti = -3;
inline constexpr int kStable = -4;

// What a model says of kBestMulti and kStable.
struct MaskChoice {
  std::uint32_t multi = 0;  // bit i: candidate i is one of those that the best is taken of
  // Candidate 0 is stable where, of the cells whose logit is above -delta, at least this share is
  // above delta.
  float delta = 0, share = 0;
};

struct MaskTask {
  int row = 0;     // of the decoder's batch
  int plane = 0;   // candidate, or one of the above
  int points = 0;  // N of this prompt, for kOfficial
  int keep = -1;   // slot of `kept` that the chosen plane is copied to; -1: none
};

}  // namespace samwire::cuda
