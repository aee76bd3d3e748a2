#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <random>
#include <string>
#include <vector>

#include "mask/mask.h"

namespace samwire::mask_testing {

using Field = std::vector<float>;

inline MaskSpec sam_spec(int frame_width, int frame_height, int grid = 256, int tensor = 1024) {
  MaskSpec spec;
  spec.grid_width = spec.grid_height = grid;
  spec.frame_width = frame_width;
  spec.frame_height = frame_height;
  const double scale = static_cast<double>(tensor) / std::max(frame_width, frame_height);
  spec.placement = {0,
                    0,
                    std::max(1, static_cast<int>(frame_width * scale + 0.5)),
                    std::max(1, static_cast<int>(frame_height * scale + 0.5)),
                    tensor,
                    tensor};
  return spec;
}

inline MaskSpec stretch_spec(int grid_width, int grid_height, int frame_width, int frame_height) {
  MaskSpec spec;
  spec.grid_width = grid_width;
  spec.grid_height = grid_height;
  spec.frame_width = frame_width;
  spec.frame_height = frame_height;
  spec.placement = {0, 0, 512, 512, 512, 512};
  spec.via_input = false;
  return spec;
}

inline std::size_t cells(const MaskSpec& spec) {
  return static_cast<std::size_t>(spec.grid_width) * spec.grid_height;
}

// Noise with patches of both signs: many one-cell features, long edges, plateaus exactly at the
// thresholds.
inline Field busy_field(const MaskSpec& spec, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> noise(0, 2);
  std::uniform_int_distribution<int> kind(0, 9);
  Field field(cells(spec));
  const float phase = noise(random);
  for (int y = 0; y < spec.grid_height; ++y) {
    for (int x = 0; x < spec.grid_width; ++x) {
      const float wave = 6 * std::sin(0.11F * x + phase) * std::cos(0.07F * y - phase);
      const int k = kind(random);
      float value = wave + (k < 3 ? noise(random) : 0);
      if (k == 9) value = static_cast<float>(static_cast<int>(value) % 3 - 1);
      field[static_cast<std::size_t>(y) * spec.grid_width + x] = value + spec.threshold;
    }
  }
  return field;
}

// A few discs in a far background: whole columns and groups of cells of one sign.
inline Field blob_field(const MaskSpec& spec, unsigned seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> unit(0, 1);
  Field field(cells(spec), -20.0F);
  for (int blob = 0; blob < 3; ++blob) {
    const float cx = unit(random) * spec.grid_width;
    const float cy = unit(random) * spec.grid_height;
    const float radius = 2 + unit(random) * 0.2F * spec.grid_width;
    for (std::size_t i = 0; i < field.size(); ++i) {
      const float dx = static_cast<float>(i % spec.grid_width) - cx;
      const float dy = static_cast<float>(i / spec.grid_width) - cy;
      field[i] = std::max(field[i], std::min(20.0F, 2 * (radius - std::hypot(dx, dy))));
    }
  }
  return field;
}

inline std::string difference(const MaskResult& got, const MaskResult& want) {
  if (got.counts != want.counts) {
    const auto at =
        std::mismatch(got.counts.begin(), got.counts.end(), want.counts.begin(), want.counts.end());
    return "runs differ from run " + std::to_string(at.first - got.counts.begin()) + " of " +
           std::to_string(got.counts.size()) + "/" + std::to_string(want.counts.size());
  }
  if (got.area != want.area) return "areas differ";
  if (got.box != want.box) return "boxes differ";
  if (got.stability != want.stability) return "stability differs";
  return "";
}

inline std::vector<MaskSpec> many_specs() {
  std::vector<MaskSpec> specs;
  const int frames[][2] = {{1, 1}, {1, 7}, {640, 480}, {301, 517}, {97, 45}, {33, 400}};
  for (const auto& frame : frames) {
    specs.push_back(sam_spec(frame[0], frame[1]));
    specs.push_back(sam_spec(frame[0], frame[1]));
    specs.back().via_input = false;
    specs.push_back(
        sam_spec(frame[0], frame[1], 64, 200));             // the tensor is no multiple of the grid
    specs.push_back(sam_spec(frame[0], frame[1], 64, 48));  // nor larger
    specs.push_back(sam_spec(frame[0], frame[1], 100, 17));  // much smaller
    specs.push_back(stretch_spec(256, 256, frame[0], frame[1]));
    specs.push_back(stretch_spec(1, 40, frame[0], frame[1]));
    specs.push_back(stretch_spec(41, 1, frame[0], frame[1]));
    specs.push_back(stretch_spec(7, 33, frame[0], frame[1]));
    MaskSpec centred = sam_spec(frame[0], frame[1], 160, 640);
    centred.placement.x = (640 - centred.placement.width) / 2;
    centred.placement.y = (640 - centred.placement.height) / 2;
    specs.push_back(centred);
    centred.via_input = false;
    specs.push_back(centred);
  }
  return specs;
}

}  // namespace samwire::mask_testing
