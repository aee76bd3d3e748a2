#include "doubles/tensorrt/onnx_graph.h"

#include <algorithm>
#include <stdexcept>

namespace samwire::doubles {
namespace {

// Protocol buffers' wire format, https://protobuf.dev/programming-guides/encoding.
class Message {
 public:
  explicit Message(std::string_view bytes) : bytes_(bytes) {}

  // The next field; false at the end.
  bool next() {
    if (at_ == bytes_.size()) return false;
    const std::uint64_t key = varint();
    field_ = static_cast<int>(key >> 3);
    switch (key & 7) {
      case 0:
        number_ = varint();
        break;
      case 1:
        skip(8);
        break;
      case 2: {
        const std::uint64_t length = varint();
        if (length > bytes_.size() - at_) fail();
        text_ = bytes_.substr(at_, length);
        at_ += length;
        break;
      }
      case 5:
        skip(4);
        break;
      default:
        fail();
    }
    return true;
  }
  int field() const { return field_; }
  std::int64_t number() const { return static_cast<std::int64_t>(number_); }
  std::string text() const { return std::string(text_); }
  Message message() const { return Message(text_); }

 private:
  [[noreturn]] static void fail() { throw std::runtime_error("this is no ONNX model"); }
  void skip(std::size_t count) {
    if (count > bytes_.size() - at_) fail();
    at_ += count;
  }
  std::uint64_t varint() {
    std::uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      if (at_ == bytes_.size()) fail();
      const auto byte = static_cast<unsigned char>(bytes_[at_++]);
      value |= static_cast<std::uint64_t>(byte & 0x7F) << shift;
      if ((byte & 0x80) == 0) return value;
    }
    fail();
  }

  std::string_view bytes_;
  std::size_t at_ = 0;
  int field_ = 0;
  std::uint64_t number_ = 0;
  std::string_view text_;
};

// Field numbers below are those of onnx.proto.

void read_dimension(Message dimension, OnnxValue& value) {
  std::int64_t length = -1;
  std::string name;
  while (dimension.next()) {
    if (dimension.field() == 1) length = dimension.number();
    if (dimension.field() == 2) name = dimension.text();
  }
  value.shape.push_back(length);
  value.dimensions.push_back(name);
}

OnnxValue read_value(Message info) {
  OnnxValue value;
  while (info.next()) {
    if (info.field() == 1) value.name = info.text();
    if (info.field() != 2) continue;
    for (Message type = info.message(); type.next();) {
      if (type.field() != 1) continue;
      for (Message tensor = type.message(); tensor.next();) {
        if (tensor.field() == 1) value.type = static_cast<int>(tensor.number());
        if (tensor.field() != 2) continue;
        for (Message shape = tensor.message(); shape.next();) {
          if (shape.field() == 1) read_dimension(shape.message(), value);
        }
      }
    }
  }
  return value;
}

OnnxValue read_tensor(Message tensor) {
  OnnxValue value;
  while (tensor.next()) {
    if (tensor.field() == 2) value.type = static_cast<int>(tensor.number());
    if (tensor.field() == 8) value.name = tensor.text();
  }
  return value;
}

void read_attribute(Message attribute, OnnxNode& node) {
  std::string name;
  while (attribute.next()) {
    if (attribute.field() == 1) name = attribute.text();
    if (attribute.field() == 3 && name == "to") node.to = attribute.number();
    if (attribute.field() == 5 && name == "value") {
      node.value_type = read_tensor(attribute.message()).type;
    }
  }
}

OnnxNode read_node(Message message) {
  OnnxNode node;
  while (message.next()) {
    switch (message.field()) {
      case 1:
        node.inputs.push_back(message.text());
        break;
      case 2:
        node.outputs.push_back(message.text());
        break;
      case 3:
        node.name = message.text();
        break;
      case 4:
        node.op = message.text();
        break;
      case 5:
        read_attribute(message.message(), node);
        break;
      default:
        break;
    }
  }
  return node;
}

OnnxGraph read_graph(Message message) {
  OnnxGraph graph;
  while (message.next()) {
    switch (message.field()) {
      case 1:
        graph.nodes.push_back(read_node(message.message()));
        break;
      case 2:
        graph.name = message.text();
        break;
      case 5:
        graph.initializers.push_back(read_tensor(message.message()));
        break;
      case 11:
        graph.inputs.push_back(read_value(message.message()));
        break;
      case 12:
        graph.outputs.push_back(read_value(message.message()));
        break;
      default:
        break;
    }
  }
  const auto is_initializer = [&graph](const OnnxValue& input) {
    return std::any_of(graph.initializers.begin(), graph.initializers.end(),
                       [&input](const OnnxValue& other) { return other.name == input.name; });
  };
  graph.inputs.erase(std::remove_if(graph.inputs.begin(), graph.inputs.end(), is_initializer),
                     graph.inputs.end());
  return graph;
}

}  // namespace

OnnxGraph read_onnx(const void* bytes, std::size_t size) {
  Message model(std::string_view(static_cast<const char*>(bytes), size));
  OnnxGraph graph;
  while (model.next()) {
    if (model.field() == 7) graph = read_graph(model.message());
  }
  if (graph.nodes.empty() || graph.outputs.empty()) {
    throw std::runtime_error("this is no ONNX model");
  }
  return graph;
}

}  // namespace samwire::doubles
