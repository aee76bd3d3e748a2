#include "tensorrt/encoder.h"

#include <cuda_runtime_api.h>

#include <chrono>
#include <cstring>

#include "cuda/error.h"
#include "frame/error.h"

namespace samwire::tensorrt {
namespace {

// Four bytes a pixel, the most of any format, in rows of multiples of 64 bytes, as the frame pool
// lays them out.
std::size_t largest_frame(int width, int height) {
  return (static_cast<std::size_t>(width) * 4 + 63) / 64 * 64 * static_cast<std::size_t>(height);
}

std::size_t image_bytes(const Placement& placement, cuda::TensorType type) {
  return std::size_t{3} * placement.tensor_width * placement.tensor_height * bytes_of(type);
}

double ms_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start)
      .count();
}

}  // namespace

Encoder::Encoder(Engine& engine, const EncoderIo& io, const ModelSpec& model,
                 const OpenOptions& options, bool mapped, const EncodedLayout& layout,
                 LaneCounters& counters)
    : io_(io),
      model_(model),
      mapped_(mapped),
      staging_bytes_(largest_frame(options.frame_width, options.frame_height)),
      layout_(layout),
      plan_(engine.path()),
      pixels_(mapped ? 0 : staging_bytes_, "the frame"),
      output_(layout.size_bytes(), "the encoder's outputs"),
      lane_(engine, cuda::Priority::kLow, options.dla_core < 0, counters) {
  reserve_image(place(model.image, options.frame_width, options.frame_height));
  for (std::size_t i = 0; i < layout_.tensors().size(); ++i) {
    lane_.bind(output_name(i), output_.data<char>() + layout_.offset(i));
  }
}

const std::string& Encoder::output_name(std::size_t tensor) const {
  return tensor == 0 ? model_.encoder.embedding : model_.encoder.features[tensor - 1];
}

FrameStaging Encoder::make_staging() const {
  FrameStaging staging;
  staging.pixels = cuda::HostMemory(staging_bytes_, mapped_, "a frame's way to the device");
  return staging;
}

void Encoder::encode(const Frame& frame, FrameStaging& staging, Embedding& out) {
  const Placement placement = place(model_.image, frame.view.width, frame.view.height);
  check_size(placement);
  reserve_image(placement);
  const ImageView view = upload(frame, staging);
  preprocessor_.enqueue(view, model_.image, io_.image_type, image_.data(), stream().get());
  staging.prepared.record(stream());
  const NamedShape image{&model_.encoder.image,
                         dims_of({1, 3, placement.tensor_height, placement.tensor_width})};
  std::vector<NamedShape> outputs;
  for (std::size_t i = 0; i < layout_.tensors().size(); ++i) {
    outputs.push_back({&output_name(i), layout_.tensors()[i]});
  }
  lane_.run(static_cast<std::uint64_t>(placement.tensor_height) << 32 | placement.tensor_width,
            {&image, 1}, outputs);
  cuda::check(cudaMemcpyAsync(out.data, output_.data(), layout_.size_bytes(),
                              cudaMemcpyDeviceToDevice, stream().get()),
              "Keeping an embedding");
  staging.encoded.record(stream());
  out.ready.record(stream());
}

// One copy of the frame's memory, whatever its planes are.
ImageView Encoder::upload(const Frame& frame, FrameStaging& staging) {
  const auto start = std::chrono::steady_clock::now();
  if (staging.pixels.size_bytes() < frame.size_bytes) {
    staging.pixels = cuda::HostMemory(frame.size_bytes, mapped_, "a frame's way to the device");
  }
  std::memcpy(staging.pixels.data(), frame.memory.get(), frame.size_bytes);
  staging.copy_ms = ms_since(start);
  staging.begin.record(stream());
  const std::uint8_t* base = staging.pixels.device<std::uint8_t>();
  if (!mapped_) {
    if (pixels_.size_bytes() < frame.size_bytes) {
      stream().synchronize();
      pixels_ = cuda::DeviceMemory(frame.size_bytes, "the frame");
    }
    cuda::check(cudaMemcpyAsync(pixels_.data(), staging.pixels.data(), frame.size_bytes,
                                cudaMemcpyHostToDevice, stream().get()),
                "Uploading a frame");
    base = pixels_.data<std::uint8_t>();
  }
  ImageView view = frame.view;
  for (ImageView::Plane& plane : view.planes) {
    if (plane.data != nullptr) plane.data = base + (plane.data - frame.memory.get());
  }
  return view;
}

void Encoder::check_size(const Placement& placement) const {
  const bool fits =
      placement.tensor_width >= io_.width.min && placement.tensor_width <= io_.width.max &&
      placement.tensor_height >= io_.height.min && placement.tensor_height <= io_.height.max;
  if (fits) return;
  throw Error("model_failed", plan_ + " takes pictures of " + std::to_string(io_.width.min) + "x" +
                                  std::to_string(io_.height.min) + " to " +
                                  std::to_string(io_.width.max) + "x" +
                                  std::to_string(io_.height.max) + "; got one of " +
                                  std::to_string(placement.tensor_width) + "x" +
                                  std::to_string(placement.tensor_height));
}

// Only models that take pictures of any size ever need another.
void Encoder::reserve_image(const Placement& placement) {
  const std::size_t bytes = image_bytes(placement, io_.image_type);
  if (bytes <= image_.size_bytes()) return;
  stream().synchronize();
  image_ = cuda::DeviceMemory(bytes, "the encoder's image");
  lane_.bind(model_.encoder.image, image_.data());
}

}  // namespace samwire::tensorrt
