#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace samwire::doubles {

// A tensor of a run: memory of somebody else. `type` is ONNX's number (1 FLOAT, 10 FLOAT16 ...).
struct OrtTensor {
  std::string name;
  int type = 0;
  std::vector<std::int64_t> shape;
  void* data = nullptr;
};

std::size_t bytes_of_onnx_type(int type);

// An ONNX model in onnxruntime, the library of npm's onnxruntime-node, on one thread.
class OrtModel {
 public:
  // Throws std::runtime_error with onnxruntime's message.
  OrtModel(const void* bytes, std::size_t size);
  ~OrtModel();
  OrtModel(const OrtModel&) = delete;
  OrtModel& operator=(const OrtModel&) = delete;

  // Throws std::runtime_error; outputs have the shapes that they are given with, or the run fails.
  void run(const std::vector<OrtTensor>& inputs, const std::vector<OrtTensor>& outputs) const;
  // The outputs' shapes for these inputs, found by a run.
  std::vector<std::vector<std::int64_t>> output_shapes(
      const std::vector<OrtTensor>& inputs, const std::vector<std::string>& outputs) const;

 private:
  struct Session;
  std::unique_ptr<Session> session_;
};

}  // namespace samwire::doubles
