#include "tensorrt/warm_up.h"

#include <algorithm>

#include "frame/pool.h"

namespace samwire::tensorrt {
namespace {

// The length of a box, and of a point with its padding: the commonest.
constexpr std::int64_t kUsualPoints = 2;

// In the format of most cameras, whose kernel CUDA loads at its first use.
FramePtr grey_frame(const OpenOptions& options) {
  const int stride = (options.frame_width + 1) / 2 * 2;
  const std::vector<std::uint8_t> levels(static_cast<std::size_t>(stride) * options.frame_height,
                                         128);
  ImageView view;
  view.format = PixelFormat::kNV12;
  view.width = options.frame_width;
  view.height = options.frame_height;
  view.planes[0] = {levels.data(), stride};
  view.planes[1] = {levels.data(), stride};
  FramePool pool;
  return copy_frame(view, 0, 0, -1, pool);
}

PromptGroup prompts(int rows, int keep, const DecoderIo& io) {
  PromptGroup group;
  group.rows = rows;
  group.points = static_cast<int>(std::clamp(kUsualPoints, io.points.min, io.points.max));
  const std::size_t points = static_cast<std::size_t>(rows) * group.points;
  group.coords.assign(points * 2, 0.F);
  group.labels.assign(points, 1.F);
  for (int row = 0; row < rows; ++row)
    group.tasks.push_back({row, 0, group.points, row == 0 ? keep : -1});
  return group;
}

void run(Pipeline& pipeline, Request request) {
  std::exception_ptr error;
  pipeline.begin({std::move(request), [&](Outcome outcome) { error = outcome.error; }});
  while (pipeline.at_work() > 0) pipeline.advance();
  if (error) std::rethrow_exception(error);
}

}  // namespace

void warm_up(Pipeline& pipeline, const ModelSpec& model, const OpenOptions& options) {
  const FramePtr frame = grey_frame(options);
  const MaskSpec mask = usual_mask(model, options);
  const int keep = options.logits_kept - 1;  // -1: none is kept
  for (int time = 0; time < 2; ++time) {
    pipeline.forget_embeddings();
    for (const int rows : pipeline.decoder().buckets()) {
      Request request;
      request.frame = frame;
      request.mask = mask;
      request.groups.push_back(prompts(rows, keep, pipeline.decoder().io()));
      run(pipeline, std::move(request));
    }
  }
  pipeline.forget_embeddings();
}

}  // namespace samwire::tensorrt
