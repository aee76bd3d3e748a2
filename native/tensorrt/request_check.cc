#include "tensorrt/request_check.h"

#include "frame/error.h"
#include "mask/sampling.h"

namespace samwire::tensorrt {
namespace {

void expect(bool holds, const std::string& what, std::int64_t got) {
  if (holds) return;
  throw Error("invalid_argument", "Expected " + what + "; got " + std::to_string(got));
}

std::string range(const Lengths& lengths) {
  return std::to_string(lengths.min) + ".." + std::to_string(lengths.max);
}

bool within(std::int64_t value, const Lengths& lengths) {
  return value >= lengths.min && value <= lengths.max;
}

void check_starts(const PromptGroup& group, const ModelSpec& model, const DecoderIo& io,
                  int logits_kept) {
  if (group.starts.empty()) return;
  const std::size_t plane = static_cast<std::size_t>(model.grid_width) * model.grid_height;
  expect(static_cast<int>(group.starts.size()) == group.rows, "a start for each prompt",
         static_cast<std::int64_t>(group.starts.size()));
  for (const MaskStart& start : group.starts) {
    const bool logits = !start.logits.empty();
    if (!logits && start.slot < 0) continue;
    expect(!model.decoder.mask_input.empty(), "no starts, since the model takes no mask", 1);
    expect((io.mask_of_each_row && io.has_of_each_row) || group.rows == 1,
           "one prompt in a run with a mask, since the model takes one mask a run", group.rows);
    expect(!logits || start.logits.size() == plane, "logits of the grid's size",
           static_cast<std::int64_t>(start.logits.size()));
    expect(start.slot < logits_kept, "a slot below " + std::to_string(logits_kept), start.slot);
  }
}

void check_tasks(const PromptGroup& group, const ModelSpec& model, int logits_kept) {
  for (const cuda::MaskTask& task : group.tasks) {
    expect(task.row >= 0 && task.row < group.rows, "a row of the group", task.row);
    const int least = model.choice.multi != 0 ? cuda::kStable : cuda::kOfficial;
    expect(task.plane >= least && task.plane < model.candidates, "a candidate", task.plane);
    expect(task.keep >= -1 && task.keep < logits_kept,
           "a slot below " + std::to_string(logits_kept), task.keep);
  }
}

void check_group(const PromptGroup& group, const DecoderIo& io) {
  expect(group.rows >= 1 && group.rows <= io.rows.max,
         "1.." + std::to_string(io.rows.max) + " prompts in a run", group.rows);
  expect(within(group.points, io.points), range(io.points) + " points a prompt", group.points);
  const std::size_t points = static_cast<std::size_t>(group.rows) * group.points;
  expect(group.coords.size() == points * 2, std::to_string(points * 2) + " coordinates",
         static_cast<std::int64_t>(group.coords.size()));
  expect(group.labels.size() == points, std::to_string(points) + " labels",
         static_cast<std::int64_t>(group.labels.size()));
}

}  // namespace

void check_request(const Request& request, const ModelSpec& model, const DecoderIo& io,
                   int logits_kept) {
  expect(request.frame != nullptr, "a frame", 0);
  check_mask_spec(request.mask);
  expect(request.mask.grid_width == model.grid_width,
         "a grid " + std::to_string(model.grid_width) + " wide", request.mask.grid_width);
  expect(request.mask.grid_height == model.grid_height,
         "a grid " + std::to_string(model.grid_height) + " high", request.mask.grid_height);
  for (const PromptGroup& group : request.groups) {
    check_group(group, io);
    check_starts(group, model, io, logits_kept);
    check_tasks(group, model, logits_kept);
  }
}

}  // namespace samwire::tensorrt
