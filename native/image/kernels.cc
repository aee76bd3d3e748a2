#include "image/kernels.h"

#include <algorithm>

namespace samwire::image {
namespace {

// Outputs past the end repeat the last one's place with weights of 0.
int start_of(const AxisWeights& axis, int o) { return axis.start[std::min(o, axis.out - 1)]; }

std::int32_t weight_of(const AxisWeights& axis, int o, int tap) {
  if (o >= axis.out || tap >= axis.taps) return 0;
  return axis.weight[static_cast<std::size_t>(o) * axis.taps + tap];
}

// Widest distance between the first taps of four neighbouring outputs.
int widest_quad(const AxisWeights& axis) {
  int widest = 0;
  for (int o = 0; o < axis.out; o += 4) {
    widest = std::max(widest, start_of(axis, o + 3) - start_of(axis, o));
  }
  return widest;
}

// `place` says where the weight of an output's tap goes; fine ones are taken apart.
template <class Place>
void put_weights(const AxisWeights& axis, int outputs, int taps, HorizontalTable& table,
                 Place place) {
  const std::size_t count = static_cast<std::size_t>(outputs) * taps;
  table.weight.resize(count);
  if (axis.fine) table.fine.resize(count);
  for (int o = 0; o < outputs; ++o) {
    for (int tap = 0; tap < taps; ++tap) {
      const std::int32_t weight = weight_of(axis, o, tap);
      const std::size_t at = place(o, tap);
      table.weight[at] = axis.fine ? coarse_part(weight) : static_cast<std::int16_t>(weight);
      if (axis.fine) table.fine[at] = fine_part(weight);
    }
  }
}

void fill_near(const AxisWeights& axis, int lanes, HorizontalTable& table) {
  const int quads = table.blocks * 2 * lanes;
  table.offset.resize(quads);
  table.shuffle.resize(static_cast<std::size_t>(quads) * 16);
  for (int q = 0; q < quads; ++q) {
    const int base = start_of(axis, q * 4);
    table.offset[q] = base;
    for (int i = 0; i < 4; ++i) {
      const int at = start_of(axis, q * 4 + i) - base;
      const std::uint8_t bytes[4] = {static_cast<std::uint8_t>(at), 0x80,
                                     static_cast<std::uint8_t>(at + 1), 0x80};
      std::copy(bytes, bytes + 4, &table.shuffle[q * 16 + i * 4]);
    }
  }
  put_weights(axis, quads * 4, table.steps * 2, table, [&](int o, int tap) {
    const int q = o / 4;
    const std::size_t vector = static_cast<std::size_t>(q / lanes) * table.steps + tap / 2;
    return (vector * lanes + q % lanes) * 8 + o % 4 * 2 + tap % 2;
  });
}

void fill_far(const AxisWeights& axis, int lanes, HorizontalTable& table) {
  const int group = 4 * lanes, chunk = 8 * lanes;
  const int outputs = table.blocks * 2 * group;
  table.offset.resize(outputs);
  for (int o = 0; o < outputs; ++o) table.offset[o] = start_of(axis, o);
  put_weights(axis, outputs, table.steps * chunk, table, [&](int o, int tap) {
    const std::size_t step = static_cast<std::size_t>(o / group) * table.steps + tap / chunk;
    return (step * group + o % group) * chunk + tap % chunk;
  });
}

const Kernels& best_kernels() noexcept {
#if defined(__aarch64__)
  return neon_kernels();
#elif defined(__x86_64__)
  static const bool has_avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  return has_avx2 ? avx2_kernels() : plain_kernels();
#else
  return plain_kernels();
#endif
}

}  // namespace

HorizontalTable horizontal_table(const AxisWeights& axis, const Intermediate& between, int lanes) {
  HorizontalTable table;
  const int widest = widest_quad(axis);
  const int near_steps = (axis.taps + 1) / 2;
  const int far_steps = (axis.taps + 8 * lanes - 1) / (8 * lanes);
  table.near = widest + 2 <= 16;
  table.steps = table.near ? near_steps : far_steps;
  table.blocks = (axis.out + 8 * lanes - 1) / (8 * lanes);
  table.shift = axis.precision - between.fraction;
  table.low = between.low;
  table.high = between.high;
  if (table.near) {
    table.pairs_in_window = (16 - widest) / 2;
    fill_near(axis, lanes, table);
  } else {
    fill_far(axis, lanes, table);
  }
  return table;
}

HorizontalPass horizontal_pass(const HorizontalTable& t) {
  return {t.near,
          t.steps,
          t.blocks,
          t.shift,
          t.low,
          t.high,
          t.pairs_in_window,
          t.offset.data(),
          t.shuffle.data(),
          t.weight.data(),
          t.fine.empty() ? nullptr : t.fine.data()};
}

const Kernels& kernels(SimdChoice choice) noexcept {
  return choice == SimdChoice::kScalar ? plain_kernels() : best_kernels();
}

}  // namespace samwire::image

namespace samwire {

const char* simd_level() noexcept { return image::kernels(SimdChoice::kBest).name; }

}  // namespace samwire
