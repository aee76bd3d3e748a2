#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

// A writer of ONNX files, as far as the tests' networks go (onnx.proto names the fields).
namespace samwire::tensorrt_testing {

enum OnnxType { kOnnxFloat = 1, kOnnxInt32 = 6, kOnnxInt64 = 7, kOnnxHalf = 10 };

class Message {
 public:
  Message& number(int field, std::int64_t value) {
    varint(static_cast<std::uint64_t>(field) << 3);
    varint(static_cast<std::uint64_t>(value));
    return *this;
  }
  Message& text(int field, const std::string& value) {
    varint(static_cast<std::uint64_t>(field) << 3 | 2);
    varint(value.size());
    bytes_ += value;
    return *this;
  }
  Message& message(int field, const Message& value) { return text(field, value.bytes_); }
  const std::string& bytes() const { return bytes_; }

 private:
  void varint(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) bytes_ += static_cast<char>(value | 0x80);
    bytes_ += static_cast<char>(value);
  }
  std::string bytes_;
};

// A length, or a free dimension's name.
struct Dimension {
  Dimension(std::int64_t fixed) : length(fixed) {}         // NOLINT: so that shapes read as shapes
  Dimension(const char* free) : length(-1), name(free) {}  // NOLINT
  std::int64_t length;
  std::string name;
};
using OnnxShape = std::vector<Dimension>;

class OnnxWriter {
 public:
  using Ints = std::vector<std::int64_t>;

  OnnxWriter& input(const std::string& name, OnnxType type, const OnnxShape& shape) {
    graph_.message(11, value(name, type, shape));
    return *this;
  }
  OnnxWriter& output(const std::string& name, OnnxType type, const OnnxShape& shape) {
    graph_.message(12, value(name, type, shape));
    return *this;
  }
  OnnxWriter& node(const std::string& op, const std::vector<std::string>& inputs,
                   const std::string& output, const std::vector<Message>& attributes = {}) {
    Message node;
    for (const std::string& input : inputs) node.text(1, input);
    node.text(2, output).text(3, "/" + output).text(4, op);
    for (const Message& attribute : attributes) node.message(5, attribute);
    graph_.message(1, node);
    return *this;
  }
  OnnxWriter& floats(const std::string& name, const Ints& shape, const std::vector<float>& values) {
    return initializer(name, kOnnxFloat, shape, values.data(), values.size() * sizeof(float));
  }
  OnnxWriter& ints(const std::string& name, const Ints& values) {
    return initializer(name, kOnnxInt64, {static_cast<std::int64_t>(values.size())}, values.data(),
                       values.size() * sizeof(std::int64_t));
  }

  std::string bytes() {
    Message graph = graph_;
    graph.text(2, "graph");
    Message model;
    model.number(1, 8).message(8, Message().text(1, "").number(2, 17)).message(7, graph);
    return model.bytes();
  }

 private:
  static Message value(const std::string& name, OnnxType type, const OnnxShape& shape) {
    Message dims;
    for (const Dimension& dimension : shape) {
      Message dim;
      if (dimension.length >= 0) dim.number(1, dimension.length);
      if (dimension.length < 0) dim.text(2, dimension.name);
      dims.message(1, dim);
    }
    const Message tensor = Message().number(1, type).message(2, dims);
    return Message().text(1, name).message(2, Message().message(1, tensor));
  }

  OnnxWriter& initializer(const std::string& name, OnnxType type, const Ints& shape,
                          const void* data, std::size_t size) {
    Message tensor;
    for (const std::int64_t length : shape) tensor.number(1, length);
    tensor.number(2, type).text(8, name);
    tensor.text(9, std::string(static_cast<const char*>(data), size));
    graph_.message(5, tensor);
    return *this;
  }

  Message graph_;
};

inline Message int_attribute(const std::string& name, std::int64_t value) {
  return Message().text(1, name).number(3, value).number(20, 2);
}

inline Message ints_attribute(const std::string& name, const std::vector<std::int64_t>& values) {
  Message message;
  message.text(1, name);
  for (const std::int64_t value : values) message.number(8, value);
  return message.number(20, 7);
}

}  // namespace samwire::tensorrt_testing
