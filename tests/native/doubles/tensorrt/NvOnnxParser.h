#pragma once

// See NvInfer.h beside it.

#include <stddef.h>

#include "NvInfer.h"

#define NV_ONNX_PARSER_MAJOR 0
#define NV_ONNX_PARSER_MINOR 1
#define NV_ONNX_PARSER_PATCH 0
static constexpr int NV_ONNX_PARSER_VERSION =
    (NV_ONNX_PARSER_MAJOR * 10000) + (NV_ONNX_PARSER_MINOR * 100) + NV_ONNX_PARSER_PATCH;

// From 11 on nothing of the parser throws.
#if NV_TENSORRT_MAJOR >= 11
#define SAMWIRE_DOUBLE_NOEXCEPT noexcept
#else
#define SAMWIRE_DOUBLE_NOEXCEPT
#endif

namespace nvonnxparser {

enum class ErrorCode : int {
  kSUCCESS = 0,
  kINTERNAL_ERROR = 1,
  kMEM_ALLOC_FAILED = 2,
  kMODEL_DESERIALIZE_FAILED = 3,
  kINVALID_VALUE = 4,
  kINVALID_GRAPH = 5,
  kINVALID_NODE = 6,
  kUNSUPPORTED_GRAPH = 7,
  kUNSUPPORTED_NODE = 8,
};

class IParserError {
 public:
  virtual ErrorCode code() const = 0;
  virtual char const* desc() const = 0;
  virtual char const* file() const = 0;
  virtual int line() const = 0;
  virtual char const* func() const = 0;
  virtual int node() const = 0;
#if NV_TENSORRT_MAJOR >= 10
  virtual char const* nodeName() const = 0;
  virtual char const* nodeOperator() const = 0;
#endif

 protected:
  virtual ~IParserError() {}
};

class IParser {
 public:
  virtual bool parse(void const* serialized_onnx_model, size_t serialized_onnx_model_size,
                     const char* model_path = nullptr) SAMWIRE_DOUBLE_NOEXCEPT = 0;
  virtual bool parseFromFile(const char* onnxModelFile, int verbosity) SAMWIRE_DOUBLE_NOEXCEPT = 0;
  virtual int getNbErrors() const SAMWIRE_DOUBLE_NOEXCEPT = 0;
  virtual IParserError const* getError(int index) const SAMWIRE_DOUBLE_NOEXCEPT = 0;
  virtual void clearErrors() SAMWIRE_DOUBLE_NOEXCEPT = 0;
  virtual ~IParser() noexcept = default;
};

}  // namespace nvonnxparser

extern "C" TENSORRTAPI void* createNvOnnxParser_INTERNAL(void* network, void* logger,
                                                         int version) SAMWIRE_DOUBLE_NOEXCEPT;

namespace nvonnxparser {
namespace {
inline IParser* createParser(nvinfer1::INetworkDefinition& network,
                             nvinfer1::ILogger& logger) SAMWIRE_DOUBLE_NOEXCEPT {
  return static_cast<IParser*>(
      createNvOnnxParser_INTERNAL(&network, &logger, NV_ONNX_PARSER_VERSION));
}
}  // namespace
}  // namespace nvonnxparser
