#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "image/kernels.h"
#include "image/prepare.h"
#include "image/resample.h"
#include "image/view.h"

namespace samwire {
namespace {

using namespace image;

struct VerticalTable {
  AxisWeights axis;
  int pairs = 0;
  std::vector<std::int16_t> weight, fine;  // 2 * pairs a row, zero-filled; fine: empty where not

  VerticalTable() = default;
  explicit VerticalTable(AxisWeights weights)
      : axis(std::move(weights)), pairs((axis.taps + 1) / 2) {
    weight.resize(static_cast<std::size_t>(axis.out) * 2 * pairs);
    if (axis.fine) fine.resize(weight.size());
    for (int o = 0; o < axis.out; ++o) {
      for (int tap = 0; tap < axis.taps; ++tap) {
        const std::int32_t whole = axis.weight[static_cast<std::size_t>(o) * axis.taps + tap];
        const std::size_t at = static_cast<std::size_t>(o) * 2 * pairs + tap;
        weight[at] = axis.fine ? coarse_part(whole) : static_cast<std::int16_t>(whole);
        if (axis.fine) fine[at] = fine_part(whole);
      }
    }
  }
};

// The tables of the last few sizes; the one that was not wanted for longest gives way.
template <class Table>
class TableCache {
 public:
  template <class Make>
  const Table& get(Filter filter, int in, int out, Make make) {
    Entry* oldest = &entries_[0];
    for (Entry& entry : entries_) {
      if (entry.used > 0 && entry.filter == filter && entry.in == in && entry.out == out) {
        entry.used = ++clock_;
        return entry.table;
      }
      if (entry.used < oldest->used) oldest = &entry;
    }
    oldest->used = 0;
    oldest->table = make();
    oldest->filter = filter;
    oldest->in = in;
    oldest->out = out;
    oldest->used = ++clock_;
    return oldest->table;
  }

 private:
  struct Entry {
    std::uint64_t used = 0;  // 0: empty
    Filter filter{};
    int in = 0, out = 0;
    Table table;
  };
  std::array<Entry, 8> entries_;
  std::uint64_t clock_ = 0;
};

template <class T>
T* room(std::vector<T>& memory, std::size_t count) {
  if (memory.size() < count) memory.resize(count);
  return memory.data();
}

// One channel of the tensor.
struct Channel {
  float* out;
  float factor, offset, padding;
  int plane;  // of the source's row
};

Channel channel_of(const ImageView& view, const ImageSpec& spec, const Placement& p, int c,
                   float* out) {
  Channel channel{};
  channel.out = out + static_cast<std::size_t>(c) * p.tensor_width * p.tensor_height;
  channel.factor = spec.scale / spec.std[c];
  channel.offset = -spec.mean[c] / spec.std[c];
  channel.padding =
      spec.pad_after_normalise ? 0.0F : (spec.pad_level * spec.scale - spec.mean[c]) / spec.std[c];
  const int colour = spec.channels == Channels::kRGB ? c : 2 - c;
  const bool bytes_are_bgr = view.format == PixelFormat::kBGR || view.format == PixelFormat::kBGRx;
  channel.plane = view.format == PixelFormat::kGray8 ? 0 : bytes_are_bgr ? 2 - colour : colour;
  return channel;
}

void pad_around(const Channel& channel, const Placement& p) {
  const std::size_t pitch = p.tensor_width;
  std::fill_n(channel.out, pitch * p.y, channel.padding);
  const std::size_t below = p.y + p.height;
  std::fill_n(channel.out + pitch * below, pitch * (p.tensor_height - below), channel.padding);
}

void pad_beside(const Channel& channel, const Placement& p, float* row) {
  std::fill_n(row, p.x, channel.padding);
  std::fill(row + p.x + p.width, row + p.tensor_width, channel.padding);
}

// Source pixels are read once, from far away, while the passes keep the core busy for longer than
// memory needs: 0.1 to 0.2 ms of 1.5 for 1080p RGB on an EPYC 9005.
void prefetch(const ImageView& view, int y) {
  const RowSource row = row_source(view, y);
  for (int p = 0; p < plane_count(view.format); ++p) {
    const int bytes = row_bytes(view.format, p, view.width);
    for (int i = 0; i < bytes; i += 64) __builtin_prefetch(row.plane[p] + i);
  }
}

}  // namespace

struct ImagePreparer::State {
  explicit State(SimdChoice simd) : kernels(image::kernels(simd)) {}

  const Kernels& kernels;
  TableCache<HorizontalTable> horizontal;
  TableCache<VerticalTable> vertical;
  std::vector<std::uint8_t> planes;  // one source row, three planes
  std::vector<std::int16_t> ring;    // horizontally resized rows, [row mod slots][plane][pitch]
  std::vector<const std::int16_t*> rows;  // what one vertical step reads

  void resize(const ImageView& view, const ImageSpec& spec, const Placement& p,
              const Channel channels[3]);
};

void ImagePreparer::State::resize(const ImageView& view, const ImageSpec& spec, const Placement& p,
                                  const Channel channels[3]) {
  const Intermediate between = intermediate(spec.filter);
  const HorizontalTable& across = horizontal.get(spec.filter, view.width, p.width, [&] {
    return horizontal_table(
        axis_weights(spec.filter, view.width, p.width, between.max_precision_horizontal), between,
        kernels.lanes);
  });
  const VerticalTable& down = vertical.get(spec.filter, view.height, p.height, [&] {
    return VerticalTable(
        axis_weights(spec.filter, view.height, p.height, between.max_precision_vertical));
  });
  const HorizontalPass pass = horizontal_pass(across);
  const float level_unit = 1 / static_cast<float>(1 << between.level_fraction);
  const int plane_count = view.format == PixelFormat::kGray8 ? 1 : 3;
  const std::size_t plane_pitch = view.width + kRowMargin;
  const std::size_t row_pitch = static_cast<std::size_t>(across.blocks) * 8 * kernels.lanes;
  const int taps = down.axis.taps;
  std::uint8_t* source = room(planes, 3 * plane_pitch);
  std::uint8_t* const source_planes[3] = {source, source + plane_pitch, source + 2 * plane_pitch};
  std::int16_t* resized = room(ring, row_pitch * plane_count * taps);
  const std::int16_t** taken = room(rows, 2 * static_cast<std::size_t>(down.pairs));
  const YuvFactors yuv = yuv_factors(view.matrix, view.range);

  int next = 0;  // the first source row that is not in the ring
  for (int y = 0; y < p.height; ++y) {
    const int start = down.axis.start[y];
    const int start_after = down.axis.start[std::min(y + 1, p.height - 1)];
    for (next = std::max(next, start); next < start + taps; ++next) {
      kernels.split_row(view.format, row_source(view, next), view.width, yuv, source_planes);
      const int later = next + 1 < start + taps ? next + 1 : std::max(next + 1, start_after);
      if (later < view.height) prefetch(view, later);
      std::int16_t* slot = resized + row_pitch * plane_count * (next % taps);
      for (int i = 0; i < plane_count; ++i)
        kernels.horizontal(pass, source_planes[i], slot + row_pitch * i);
    }
    for (int c = 0; c < 3; ++c) {
      const Channel& channel = channels[c];
      for (int i = 0; i < 2 * down.pairs; ++i) {
        const int row = start + std::min(i, taps - 1);
        taken[i] = resized + row_pitch * (plane_count * (row % taps) + channel.plane);
      }
      float* row = channel.out + static_cast<std::size_t>(p.y + y) * p.tensor_width;
      pad_beside(channel, p, row);
      const std::size_t weights = static_cast<std::size_t>(y) * 2 * down.pairs;
      kernels.vertical(
          {taken, &down.weight[weights], down.fine.empty() ? nullptr : &down.fine[weights],
           down.pairs, down.axis.precision + between.fraction - between.level_fraction, p.width,
           255 << between.level_fraction, channel.factor * level_unit, channel.offset, row + p.x});
    }
  }
}

ImagePreparer::ImagePreparer(SimdChoice simd) : state_(std::make_unique<State>(simd)) {}
ImagePreparer::~ImagePreparer() = default;
ImagePreparer::ImagePreparer(ImagePreparer&&) noexcept = default;
ImagePreparer& ImagePreparer::operator=(ImagePreparer&&) noexcept = default;

Placement ImagePreparer::prepare(const ImageView& view, const ImageSpec& spec, float* out) {
  check_view(view);
  const Placement p = place(spec, view.width, view.height);
  Channel channels[3];
  for (int c = 0; c < 3; ++c) {
    channels[c] = channel_of(view, spec, p, c, out);
    pad_around(channels[c], p);
  }
  state_->resize(view, spec, p, channels);
  return p;
}

void to_rgb(const ImageView& view, std::uint8_t* out) {
  check_view(view);
  const Kernels& k = kernels(SimdChoice::kBest);
  const std::size_t pitch = view.width + kRowMargin;
  std::vector<std::uint8_t> memory(3 * pitch);
  std::uint8_t* const planes[3] = {memory.data(), memory.data() + pitch, memory.data() + 2 * pitch};
  const bool bytes_are_bgr = view.format == PixelFormat::kBGR || view.format == PixelFormat::kBGRx;
  const std::uint8_t* const rgb[3] = {planes[bytes_are_bgr ? 2 : 0], planes[1],
                                      planes[bytes_are_bgr ? 0 : 2]};
  const YuvFactors yuv = yuv_factors(view.matrix, view.range);
  for (int y = 0; y < view.height; ++y) {
    k.split_row(view.format, row_source(view, y), view.width, yuv, planes);
    k.join_row(rgb, view.width, out + static_cast<std::size_t>(y) * view.width * 3);
  }
}

}  // namespace samwire
