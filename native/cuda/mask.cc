#include "cuda/mask.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "cuda/bits.h"
#include "cuda/launch.h"
#include "cuda/mask_kernel.h"
#include "cuda/memory.h"
#include "cuda/recent.h"
#include "cuda/upload.h"
#include "frame/error.h"
#include "mask/sampling.h"

namespace samwire::cuda {
namespace {

// What depends on sizes alone; thresholds may change from mask to mask.
struct Plan {
  DeviceMemory tables;
  MaskAxis x{}, y{};
};

using PlanKey = std::array<int, 11>;

PlanKey key_of(const MaskSpec& s) {
  const Placement& p = s.placement;
  return {s.grid_width, s.grid_height, s.frame_width, s.frame_height, s.via_input ? 1 : 0, p.x,
          p.y,          p.width,       p.height,      p.tensor_width, p.tensor_height};
}

std::vector<MaskTap> taps_of(const AxisSampling& axis) {
  std::vector<MaskTap> taps(axis.taps.size());
  for (std::size_t i = 0; i < taps.size(); ++i) {
    taps[i].start = axis.taps[i].start;
    taps[i].count = axis.taps[i].count;
    std::copy(axis.taps[i].weight.begin(), axis.taps[i].weight.end(), taps[i].weight);
  }
  return taps;
}

Plan make_plan(const MaskSpec& spec, cudaStream_t stream) {
  const FrameSampling sampling = sample_frame(spec);
  TableLayout layout;
  const std::size_t at[] = {layout.add(taps_of(sampling.x)), layout.add(sampling.x.knots),
                            layout.add(taps_of(sampling.y)), layout.add(sampling.y.knots)};
  Plan plan;
  plan.tables = layout.upload(stream, "mask sampling tables");
  const auto* base = plan.tables.data<std::byte>();
  const auto axis = [&](std::size_t taps, std::size_t knots, const AxisSampling& from) {
    return MaskAxis{reinterpret_cast<const MaskTap*>(base + taps),
                    reinterpret_cast<const int*>(base + knots),
                    static_cast<int>(from.knots.size())};
  };
  plan.x = axis(at[0], at[1], sampling.x);
  plan.y = axis(at[2], at[3], sampling.y);
  return plan;
}

// `aligned`: a block's part of a column is written in one transaction (mask.cu).
BitSurface surface(int width, int height, bool aligned) {
  const int words = (height + kWordBits - 1) / kWordBits;
  const int stride = aligned ? (words + kTileWords - 1) / kTileWords * kTileWords : words;
  return {width, height, words, stride, nullptr, 0};
}

std::size_t words_of(const BitSurface& s) {
  return static_cast<std::size_t>(s.width) * s.column_stride;
}

void check_tasks(const MaskBatch& batch) {
  const bool can_choose =
      batch.choice.multi != 0 && std::uint64_t{batch.choice.multi} >> batch.candidates == 0;
  const int least = can_choose ? kStable : kOfficial;
  for (const MaskTask& task : batch.tasks) {
    if (task.row < 0 || task.plane < least || task.plane >= batch.candidates ||
        (task.keep >= 0 && batch.kept == nullptr)) {
      throw Error("invalid_argument",
                  "Expected a mask task of one of " + std::to_string(batch.candidates) +
                      " candidates; got row " + std::to_string(task.row) + ", plane " +
                      std::to_string(task.plane) + ", slot " + std::to_string(task.keep));
    }
  }
}

void read_surface(const Tally& tally, const BitSurface& s, const std::uint32_t* words,
                  MaskResult& out) {
  out.area = tally.area;
  out.box = {0, 0, 0, 0};
  if (tally.area > 0) out.box = {tally.x1, tally.y1, tally.x2, tally.y2};
  out.stability = tally.low > 0 ? static_cast<double>(tally.high) / tally.low : 0;
  runs_of_bits({words, s.column_stride, s.width, s.height}, out.box, out.counts);
}

}  // namespace

struct MaskMaker::State {
  explicit State(bool is_mapped) : mapped(is_mapped) {}

  bool mapped;
  Recent<PlanKey, Plan> plans;
  // `words`: of all masks, each [frame][grid]. `bits` is empty where the device writes `host_bits`.
  DeviceMemory tasks, heads, bits;
  HostMemory host_tasks, host_heads, host_bits;
  // The last batch.
  BitSurface frame{}, grid{};
  double scale_x = 0, scale_y = 0;
  int masks = 0;

  std::size_t mask_words() const { return words_of(frame) + words_of(grid); }
  void shape(const MaskSpec& spec);
  void grow(int count);
  void copy_results(int count, cudaStream_t stream) const;
};

void MaskMaker::State::shape(const MaskSpec& spec) {
  frame = surface(spec.frame_width, spec.frame_height, mapped);
  grid = surface(frame_cells_x(spec).size, frame_cells_y(spec).size, mapped);
  scale_x = cell_pitch_x(spec).pitch;
  scale_y = cell_pitch_y(spec).pitch;
}

void MaskMaker::State::grow(int count) {
  const std::size_t tasks_bytes = count * sizeof(MaskTask);
  if (host_tasks.size_bytes() < tasks_bytes) {
    tasks = DeviceMemory(tasks_bytes, "mask tasks");
    heads = DeviceMemory(count * sizeof(MaskHead), "mask results");
    host_heads = HostMemory(count * sizeof(MaskHead), false, "mask results");
    // Last, because it is asked for its size: where one can't be had, all are made again.
    host_tasks = HostMemory(tasks_bytes, false, "mask tasks");
  }
  const std::size_t bits_bytes = count * mask_words() * sizeof(std::uint32_t);
  if (host_bits.size_bytes() >= bits_bytes) return;
  host_bits = HostMemory();
  bits = DeviceMemory();
  if (!mapped) bits = DeviceMemory(bits_bytes, "mask bits");
  host_bits = HostMemory(bits_bytes, mapped, "mask bits");
}

// Which words matter is known on the device alone, so all of them are copied: 269 KB for each mask
// of a 1080p frame, about 0.35 ms for 32 of them over 25 GB/s.
void MaskMaker::State::copy_results(int count, cudaStream_t stream) const {
  check(cudaMemcpyAsync(host_heads.data(), heads.data(), count * sizeof(MaskHead),
                        cudaMemcpyDeviceToHost, stream),
        "Copying mask results from the device");
  if (mapped) return;
  check(cudaMemcpyAsync(host_bits.data(), bits.data(), count * mask_words() * sizeof(std::uint32_t),
                        cudaMemcpyDeviceToHost, stream),
        "Copying masks from the device");
}

MaskMaker::MaskMaker(bool mapped) : state_(std::make_unique<State>(mapped)) {}
MaskMaker::~MaskMaker() = default;

void MaskMaker::reserve(int masks, const MaskSpec& spec) {
  check_mask_spec(spec);
  state_->shape(spec);
  state_->grow(masks);
  state_->plans.get(key_of(spec), [&] { return make_plan(spec, nullptr); });
  check(cudaStreamSynchronize(nullptr), "Copying tables to the device");
}

void MaskMaker::enqueue(const MaskBatch& batch, cudaStream_t stream) {
  State& s = *state_;
  const MaskSpec& spec = batch.spec;
  check_mask_spec(spec);
  check_tasks(batch);
  s.masks = 0;
  if (batch.tasks.empty()) return;
  const auto count = static_cast<int>(batch.tasks.size());
  const Plan& plan = s.plans.get(key_of(spec), [&] { return make_plan(spec, stream); });
  s.shape(spec);
  s.grow(count);
  std::copy(batch.tasks.begin(), batch.tasks.end(), s.host_tasks.data<MaskTask>());
  check(cudaMemcpyAsync(s.tasks.data(), s.host_tasks.data(), count * sizeof(MaskTask),
                        cudaMemcpyHostToDevice, stream),
        "Copying mask tasks to the device");
  MaskJob job;
  job.tasks = s.tasks.data<MaskTask>();
  job.task_count = count;
  job.logits = batch.logits;
  job.iou = batch.iou;
  job.candidates = batch.candidates;
  const bool keeps = std::any_of(batch.tasks.begin(), batch.tasks.end(),
                                 [](const MaskTask& task) { return task.keep >= 0; });
  job.choice = batch.choice;
  job.kept = keeps ? batch.kept : nullptr;
  job.keep_limit = batch.keep_limit;
  job.grid_width = spec.grid_width;
  job.grid_height = spec.grid_height;
  job.x = plan.x;
  job.y = plan.y;
  job.cell_x = frame_cells_x(spec).start;
  job.cell_y = frame_cells_y(spec).start;
  job.threshold = spec.threshold;
  job.offset = spec.stability_offset;
  job.inclusive = spec.inclusive;
  job.frame = s.frame;
  job.grid = s.grid;
  job.frame.bits = s.mapped ? s.host_bits.device<std::uint32_t>() : s.bits.data<std::uint32_t>();
  job.grid.bits = job.frame.bits + words_of(s.frame);
  job.frame.mask_stride = job.grid.mask_stride = s.mask_words();
  job.heads = s.heads.data<MaskHead>();
  check(launch_masks(job, stream), "Making masks on the device");
  s.copy_results(count, stream);
  s.masks = count;
}

void MaskMaker::read(int index, DeviceMask& out) const {
  const State& s = *state_;
  if (index < 0 || index >= s.masks) {
    throw Error("invalid_argument", "Expected one of " + std::to_string(s.masks) + " masks; got " +
                                        std::to_string(index));
  }
  const MaskHead& head = s.host_heads.data<MaskHead>()[index];
  const std::uint32_t* words = s.host_bits.data<std::uint32_t>() + index * s.mask_words();
  out.plane = head.plane;
  out.score = head.score;
  read_surface(head.frame, s.frame, words, out.mask);
  read_surface(head.grid, s.grid, words + words_of(s.frame), out.lowres.mask);
  out.lowres.width = s.grid.width;
  out.lowres.height = s.grid.height;
  out.lowres.scale_x = s.scale_x;
  out.lowres.scale_y = s.scale_y;
}

}  // namespace samwire::cuda
