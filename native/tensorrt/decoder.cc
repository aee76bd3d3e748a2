#include "tensorrt/decoder.h"

#include <cuda_runtime_api.h>

#include <algorithm>
#include <cstring>

#include "cuda/error.h"

namespace samwire::tensorrt {
namespace {

std::vector<int> buckets_for(const Lengths& rows) {
  const int most = static_cast<int>(rows.max);
  std::vector<int> buckets;
  for (int size = 1; size < most; size *= 2) {
    if (size >= rows.min) buckets.push_back(size);
  }
  buckets.push_back(most);
  return buckets;
}

template <typename T>
void write_labels(const PromptGroup& group, int bucket, void* out) {
  T* labels = static_cast<T*>(out);
  for (int row = 0; row < bucket; ++row) {
    const float* from =
        group.labels.data() + std::size_t(std::min(row, group.rows - 1)) * group.points;
    labels = std::transform(from, from + group.points, labels,
                            [](float label) { return static_cast<T>(label); });
  }
}

// [2]: height, width.
template <typename T>
void write_size(const MaskSpec& frame, void* out) {
  static_cast<T*>(out)[0] = static_cast<T>(frame.frame_height);
  static_cast<T*>(out)[1] = static_cast<T>(frame.frame_width);
}

bool starts_from_mask(const PromptGroup& group, int row) {
  if (group.starts.empty()) return false;
  const MaskStart& start = group.starts[static_cast<std::size_t>(row)];
  return start.slot >= 0 || !start.logits.empty();
}

}  // namespace

Decoder::Decoder(Engine& engine, const DecoderIo& io, const ModelSpec& model, int logits_kept,
                 const EncodedLayout& layout, LaneCounters& counters)
    : io_(io),
      model_(model),
      buckets_(buckets_for(io.rows)),
      plane_bytes_(sizeof(float) * model.grid_width * model.grid_height),
      layout_(layout),
      lane_(engine, cuda::Priority::kHigh, true, counters) {
  const std::size_t rows = static_cast<std::size_t>(buckets_.back());
  const std::size_t points = rows * static_cast<std::size_t>(io.points.max);
  labels_offset_ = cuda::aligned(points * 2 * sizeof(float));
  has_mask_offset_ = labels_offset_ + cuda::aligned(points * sizeof(std::int64_t));
  size_offset_ = has_mask_offset_ + cuda::aligned(rows * sizeof(float));
  prompt_bytes_ = size_offset_ + cuda::aligned(2 * sizeof(std::int64_t));
  embedding_ = cuda::DeviceMemory(layout_.size_bytes(), "an embedding");
  prompts_ = cuda::DeviceMemory(prompt_bytes_, "prompts");
  const std::size_t candidates = rows * static_cast<std::size_t>(model.candidates);
  logits_ = cuda::DeviceMemory(candidates * plane_bytes_, "the decoder's logits");
  iou_ = cuda::DeviceMemory(candidates * sizeof(float), "the decoder's scores");
  kept_ = cuda::DeviceMemory(static_cast<std::size_t>(logits_kept) * plane_bytes_, "kept logits");
  if (!model.decoder.mask_input.empty()) {
    mask_written_.resize(io.mask_of_each_row ? rows : 1);
    masks_ = cuda::DeviceMemory(mask_written_.size() * plane_bytes_, "mask inputs");
  }
  for (const cuda::DeviceMemory* memory : {&kept_, &masks_}) {
    if (memory->size_bytes() == 0) continue;
    cuda::check(cudaMemsetAsync(memory->data(), 0, memory->size_bytes(), stream().get()),
                "Clearing mask inputs");
  }
  bind();
}

void Decoder::bind() {
  const ModelSpec::Decoder& names = model_.decoder;
  for (std::size_t i = 0; i < layout_.tensors().size(); ++i) {
    lane_.bind(encoded_name(i), embedding_.data<char>() + layout_.offset(i));
  }
  lane_.bind(names.coords, prompts_.data());
  lane_.bind(names.labels, prompts_.data<char>() + labels_offset_);
  lane_.bind(names.low_res, logits_.data());
  lane_.bind(names.iou, iou_.data());
  if (!names.mask_input.empty()) lane_.bind(names.mask_input, masks_.data());
  if (!names.has_mask_input.empty()) {
    lane_.bind(names.has_mask_input, prompts_.data<char>() + has_mask_offset_);
  }
  if (!names.orig_size.empty()) {
    lane_.bind(names.orig_size, prompts_.data<char>() + size_offset_);
  }
}

const std::string& Decoder::encoded_name(std::size_t tensor) const {
  return tensor == 0 ? model_.decoder.embeddings : model_.encoder.features[tensor - 1];
}

cuda::HostMemory Decoder::make_staging() const {
  return cuda::HostMemory(prompt_bytes_, false, "prompts");
}

void Decoder::use(Embedding& embedding) {
  embedding.ready.wait_on(stream());
  if (embedding.frame_id != 0 && embedding.frame_id == loaded_frame_) return;
  loaded_frame_ = 0;
  cuda::check(cudaMemcpyAsync(embedding_.data(), embedding.data, embedding_.size_bytes(),
                              cudaMemcpyDeviceToDevice, stream().get()),
              "Loading an embedding");
  loaded_frame_ = embedding.frame_id;
}

void Decoder::run(const PromptGroup& group, const MaskSpec& frame, cuda::HostMemory& staging) {
  const int bucket = *std::lower_bound(buckets_.begin(), buckets_.end(), group.rows);
  upload_prompts(group, frame, bucket, staging);
  if (masks_.size_bytes() > 0) upload_masks(group);
  lane_.run(static_cast<std::uint64_t>(bucket) << 32 | static_cast<std::uint32_t>(group.points),
            input_shapes(bucket, group.points), output_shapes(bucket));
}

void Decoder::upload_prompts(const PromptGroup& group, const MaskSpec& frame, int bucket,
                             cuda::HostMemory& staging) {
  float* coords = staging.data<float>();
  const std::size_t row_floats = static_cast<std::size_t>(group.points) * 2;
  for (int row = 0; row < bucket; ++row, coords += row_floats) {
    const std::size_t from = std::min(row, group.rows - 1) * row_floats;
    std::memcpy(coords, group.coords.data() + from, row_floats * sizeof(float));
  }
  char* labels = staging.data<char>() + labels_offset_;
  if (io_.labels == NumberType::kFloat) write_labels<float>(group, bucket, labels);
  if (io_.labels == NumberType::kInt32) write_labels<std::int32_t>(group, bucket, labels);
  if (io_.labels == NumberType::kInt64) write_labels<std::int64_t>(group, bucket, labels);
  auto* has_mask = reinterpret_cast<float*>(staging.data<char>() + has_mask_offset_);
  for (int row = 0; row < bucket; ++row) {
    has_mask[row] = row < group.rows && starts_from_mask(group, row) ? 1.F : 0.F;
  }
  char* size = staging.data<char>() + size_offset_;
  if (io_.size == NumberType::kFloat) write_size<float>(frame, size);
  if (io_.size == NumberType::kInt32) write_size<std::int32_t>(frame, size);
  if (io_.size == NumberType::kInt64) write_size<std::int64_t>(frame, size);
  cuda::check(cudaMemcpyAsync(prompts_.data(), staging.data(), prompt_bytes_,
                              cudaMemcpyHostToDevice, stream().get()),
              "Uploading prompts");
}

// Rows without a mask are zeros, since a NaN that an earlier prompt left there would get past
// has_mask_input's factor of 0.
void Decoder::upload_masks(const PromptGroup& group) {
  const int rows = std::min(group.rows, static_cast<int>(mask_written_.size()));
  for (int row = 0; row < rows; ++row) {
    char* to = masks_.data<char>() + static_cast<std::size_t>(row) * plane_bytes_;
    const auto stream_handle = stream().get();
    if (!starts_from_mask(group, row)) {
      if (!mask_written_[row]) continue;
      cuda::check(cudaMemsetAsync(to, 0, plane_bytes_, stream_handle), "Clearing a mask input");
      mask_written_[row] = false;
      continue;
    }
    const MaskStart& start = group.starts[static_cast<std::size_t>(row)];
    const bool kept = start.slot >= 0;
    const void* from =
        kept ? static_cast<const void*>(kept_.data<char>() + start.slot * plane_bytes_)
             : start.logits.data();
    mask_written_[row] = true;
    // From pageable memory CUDA copies by way of its own: rare enough.
    cuda::check(
        cudaMemcpyAsync(to, from, plane_bytes_,
                        kept ? cudaMemcpyDeviceToDevice : cudaMemcpyHostToDevice, stream_handle),
        "Copying a mask input");
  }
}

std::vector<NamedShape> Decoder::input_shapes(int bucket, int points) const {
  const ModelSpec::Decoder& names = model_.decoder;
  const bool rank4 = model_.coords_rank == 4;
  std::vector<NamedShape> shapes{
      {&names.coords, rank4 ? dims_of({1, bucket, points, 2}) : dims_of({bucket, points, 2})},
      {&names.labels, rank4 ? dims_of({1, bucket, points}) : dims_of({bucket, points})}};
  for (std::size_t i = 0; i < layout_.tensors().size(); ++i) {
    shapes.push_back({&encoded_name(i), layout_.tensors()[i]});
  }
  if (!names.orig_size.empty()) shapes.push_back({&names.orig_size, dims_of({2})});
  if (!names.mask_input.empty()) {
    shapes.push_back({&names.mask_input, dims_of({io_.mask_of_each_row ? bucket : 1, 1,
                                                  model_.grid_height, model_.grid_width})});
  }
  if (!names.has_mask_input.empty()) {
    shapes.push_back({&names.has_mask_input, dims_of({io_.has_of_each_row ? bucket : 1})});
  }
  return shapes;
}

std::vector<NamedShape> Decoder::output_shapes(int bucket) const {
  const bool rank4 = model_.coords_rank == 4;
  const int candidates = model_.candidates, height = model_.grid_height, width = model_.grid_width;
  return {{&model_.decoder.low_res, rank4 && !io_.bare_logits
                                        ? dims_of({1, bucket, candidates, height, width})
                                        : dims_of({bucket, candidates, height, width})},
          {&model_.decoder.iou,
           rank4 ? dims_of({1, bucket, candidates}) : dims_of({bucket, candidates})}};
}

}  // namespace samwire::tensorrt
