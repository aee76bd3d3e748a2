#pragma once

namespace samwire::cuda {

// Which of a prompt's candidates becomes a mask. kBestScore and kOfficial choose on the device by
// predicted IoU, so that the CPU does not have to wait for the decoder (src/models/candidates.ts
// says what they mean; NaN never wins).
inline constexpr int kBestScore = -1;
inline constexpr int kOfficial = -2;

struct MaskTask {
  int row = 0;     // of the decoder's batch
  int plane = 0;   // candidate, or kBestScore or kOfficial
  int points = 0;  // N of this prompt, for kOfficial
  int keep = -1;   // slot of `kept` that the chosen plane is copied to; -1: none
};

}  // namespace samwire::cuda
