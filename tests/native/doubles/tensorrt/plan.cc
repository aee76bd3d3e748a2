#include "doubles/tensorrt/plan.h"

#include <algorithm>
#include <cstring>

#include "doubles/cuda/work.h"

namespace samwire::doubles {
namespace {

constexpr std::string_view kPlanMagic = "SAMWIRE DOUBLE PLAN";
constexpr std::size_t kPlanHeader = kPlanMagic.size() + 3 * sizeof(std::int64_t);

// FNV-1a.
std::int64_t checksum(std::string_view bytes) {
  std::uint64_t hash = 14695981039346656037U;
  for (const char byte : bytes) hash = (hash ^ static_cast<unsigned char>(byte)) * 1099511628211U;
  return static_cast<std::int64_t>(hash);
}

class Writer {
 public:
  void put(std::int64_t number) {
    char bytes[sizeof number];
    std::memcpy(bytes, &number, sizeof number);
    out.append(bytes, sizeof number);
  }
  void put(const std::string& text) {
    put(static_cast<std::int64_t>(text.size()));
    out += text;
  }
  void put(const Shape& shape) {
    put(static_cast<std::int64_t>(shape.size()));
    for (const std::int64_t length : shape) put(length);
  }
  std::string out;
};

class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}
  std::int64_t number() {
    std::int64_t number = 0;
    const std::string_view bytes = take(sizeof number);
    if (bytes.size() == sizeof number) std::memcpy(&number, bytes.data(), sizeof number);
    return number;
  }
  std::string text() { return std::string(take(static_cast<std::size_t>(number()))); }
  Shape shape() {
    Shape shape;
    for (std::int64_t count = number(); count > 0 && good; --count) shape.push_back(number());
    return shape;
  }
  bool good = true;

 private:
  std::string_view take(std::size_t size) {
    good = good && size <= bytes_.size() - at_;
    if (!good) return {};
    at_ += size;
    return bytes_.substr(at_ - size, size);
  }
  std::string_view bytes_;
  std::size_t at_ = 0;
};

std::string write_body(const Plan& plan) {
  Writer writer;
  writer.put(plan.device);
  for (const std::int64_t number :
       {plan.compute, plan.half, plan.islands, plan.profile_sharing, plan.dla_core, plan.layers}) {
    writer.put(number);
  }
  writer.put(plan.name);
  writer.put(plan.note);
  writer.put(static_cast<std::int64_t>(plan.tensors.size()));
  for (const PlanTensor& tensor : plan.tensors) {
    writer.put(tensor.name);
    writer.put(std::int64_t{tensor.input});
    writer.put(std::int64_t{tensor.onnx_type});
    writer.put(tensor.shape);
    for (const std::string& dimension : tensor.dimensions) writer.put(dimension);
  }
  writer.put(static_cast<std::int64_t>(plan.profiles.size()));
  for (const PlanProfile& profile : plan.profiles) {
    writer.put(static_cast<std::int64_t>(profile.size()));
    for (const auto& [name, shapes] : profile) {
      writer.put(name);
      for (const Shape& shape : shapes) writer.put(shape);
    }
  }
  writer.put(plan.onnx);
  return writer.out;
}

bool read_body(std::string_view bytes, Plan& plan) {
  Reader reader(bytes);
  plan.device = reader.text();
  for (std::int64_t* number : {&plan.compute, &plan.half, &plan.islands, &plan.profile_sharing,
                               &plan.dla_core, &plan.layers}) {
    *number = reader.number();
  }
  plan.name = reader.text();
  plan.note = reader.text();
  for (std::int64_t count = reader.number(); count > 0 && reader.good; --count) {
    PlanTensor tensor;
    tensor.name = reader.text();
    tensor.input = reader.number() != 0;
    tensor.onnx_type = static_cast<int>(reader.number());
    tensor.shape = reader.shape();
    for (std::size_t i = 0; i < tensor.shape.size(); ++i) {
      tensor.dimensions.push_back(reader.text());
    }
    plan.tensors.push_back(std::move(tensor));
  }
  for (std::int64_t count = reader.number(); count > 0 && reader.good; --count) {
    PlanProfile profile;
    for (std::int64_t inputs = reader.number(); inputs > 0 && reader.good; --inputs) {
      auto& shapes = profile[reader.text()];
      for (Shape& shape : shapes) shape = reader.shape();
    }
    plan.profiles.push_back(std::move(profile));
  }
  plan.onnx = reader.text();
  return reader.good;
}

class HostMemory final : public nvinfer1::IHostMemory {
 public:
  explicit HostMemory(std::string bytes) : bytes_(std::move(bytes)) {
    count_object("serialized memory", 1);
  }
  ~HostMemory() noexcept override { count_object("serialized memory", -1); }
  void* data() const noexcept override { return const_cast<char*>(bytes_.data()); }
  std::size_t size() const noexcept override { return bytes_.size(); }
  nvinfer1::DataType type() const noexcept override { return nvinfer1::DataType::kINT8; }

 private:
  std::string bytes_;
};

}  // namespace

std::string write_plan(const Plan& plan) {
  const std::string body = write_body(plan);
  Writer writer;
  writer.out = kPlanMagic;
  writer.put(plan.version);
  writer.put(static_cast<std::int64_t>(body.size()));
  writer.put(checksum(body));
  return writer.out + body;
}

bool read_plan(const void* bytes, std::size_t size, Plan& plan, std::string& fault) {
  const std::string_view all(static_cast<const char*>(bytes), size);
  if (size < kPlanHeader || all.substr(0, kPlanMagic.size()) != kPlanMagic) {
    fault =
        "Error Code 1: Serialization (Serialization assertion magicTagRead == kMAGIC_TAG failed.)";
    return false;
  }
  Reader header(all.substr(kPlanMagic.size(), kPlanHeader - kPlanMagic.size()));
  plan.version = header.number();
  if (plan.version != NV_TENSORRT_VERSION) {
    fault =
        "The engine plan file is not compatible with this version of TensorRT, expecting library "
        "version " +
        version_text(NV_TENSORRT_VERSION) + " got " + version_text(plan.version) +
        ", please rebuild.";
    return false;
  }
  const auto length = static_cast<std::size_t>(header.number());
  const std::int64_t sum = header.number();
  const std::string_view body = all.substr(kPlanHeader);
  if (body.size() < length) {
    fault = "Error Code 1: Serialization (Serialization assertion remaining >= size failed.)";
    return false;
  }
  if (checksum(body.substr(0, length)) != sum || !read_body(body.substr(0, length), plan)) {
    fault = "Error Code 1: Serialization (Serialization assertion checksum == computed failed.)";
    return false;
  }
  return true;
}

nvinfer1::DataType data_type_of(int onnx_type) {
  using nvinfer1::DataType;
  switch (onnx_type) {
    case 2:
      return DataType::kUINT8;
    case 3:
      return DataType::kINT8;
    case 6:
      return DataType::kINT32;
#if NV_TENSORRT_MAJOR >= 10
    case 7:
      return DataType::kINT64;
    case 16:
      return DataType::kBF16;
#else
    case 7:
      return DataType::kINT32;  // cast down, as TensorRT 8 does
#endif
    case 9:
      return DataType::kBOOL;
    case 10:
      return DataType::kHALF;
    default:
      return DataType::kFLOAT;
  }
}

bool is_free(const Shape& shape) {
  return std::any_of(shape.begin(), shape.end(), [](std::int64_t length) { return length < 0; });
}

nvinfer1::Dims dims_of(const Shape& shape) {
  nvinfer1::Dims dims{};
  dims.nbDims = static_cast<std::int32_t>(shape.size());
  for (std::size_t i = 0; i < shape.size(); ++i) {
    dims.d[i] = static_cast<std::remove_reference_t<decltype(dims.d[0])>>(shape[i]);
  }
  return dims;
}

Shape shape_of(const nvinfer1::Dims& dims) {
  return Shape(dims.d, dims.d + (dims.nbDims > 0 ? dims.nbDims : 0));
}

std::string version_text(std::int64_t version) {
  const std::int64_t major = version >= 100000 ? version / 10000 : version / 1000;
  const std::int64_t minor = version >= 100000 ? version / 100 % 100 : version / 100 % 10;
  return std::to_string(major) + "." + std::to_string(minor) + "." + std::to_string(version % 100);
}

std::string shape_text(const Shape& shape) {
  std::string text = "[";
  for (std::size_t i = 0; i < shape.size(); ++i) {
    text += (i == 0 ? "" : ",") + std::to_string(shape[i]);
  }
  return text + "]";
}

void log(nvinfer1::ILogger& logger, nvinfer1::ILogger::Severity severity, const std::string& text) {
  logger.log(severity, text.c_str());
}

void log_error(nvinfer1::ILogger& logger, const std::string& text) {
  log(logger, nvinfer1::ILogger::Severity::kERROR, text);
}

nvinfer1::IHostMemory* host_memory(std::string bytes) { return new HostMemory(std::move(bytes)); }

}  // namespace samwire::doubles
