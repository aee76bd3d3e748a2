#include "tensorrt/library.h"

#include <NvInferVersion.h>
#include <dlfcn.h>

#include "frame/error.h"
#include "tensorrt/library_search.h"
#include "tensorrt/symbols.h"

#ifndef SAMWIRE_TENSORRT_LIBRARY_DIR
#define SAMWIRE_TENSORRT_LIBRARY_DIR ""
#endif

namespace samwire::tensorrt {
namespace {

WantedLibrary wanted() {
  return {NV_TENSORRT_MAJOR, NV_TENSORRT_MINOR,
          std::to_string(NV_TENSORRT_MAJOR) + "." + std::to_string(NV_TENSORRT_MINOR) + "." +
              std::to_string(NV_TENSORRT_PATCH),
          SAMWIRE_TENSORRT_LIBRARY_DIR};
}

template <typename Function>
void find(void* handle, const char* name, Function& function) {
  function = reinterpret_cast<Function>(dlsym(handle, name));
}

struct Opened {
  LibraryInfo info;
  Symbols symbols;

  Opened() {
    const WantedLibrary want = wanted();
    const FoundLibrary found = find_libnvinfer(want);
    info = {want.version, found.version, found.piece, found.problem};
    if (found.handle == nullptr) return;
    find(found.handle, "createInferRuntime_INTERNAL", symbols.create_runtime);
    find(found.handle, "createInferBuilder_INTERNAL", symbols.create_builder);
    find(found.handle, "getInferLibVersion", symbols.version);
  }
};

struct OpenedParser {
  std::string problem;
  CreateParser* create = nullptr;

  OpenedParser() {
    const FoundLibrary found = find_libnvonnxparser(wanted());
    problem = found.problem;
    if (found.handle == nullptr) return;
    find(found.handle, "createNvOnnxParser_INTERNAL", create);
    if (create == nullptr) problem = "libnvonnxparser has no createNvOnnxParser_INTERNAL";
  }
};

// Never closed: objects of TensorRT may live until the process ends.
const Opened& opened() {
  static const Opened instance;
  return instance;
}

const OpenedParser& opened_parser() {
  static const OpenedParser instance;
  return instance;
}

}  // namespace

const Symbols& symbols() noexcept { return opened().symbols; }

CreateParser* parser_symbol() noexcept { return opened_parser().create; }

const LibraryInfo& library() { return opened().info; }

void require_library() {
  if (!library().problem.empty()) throw Error("model_failed", library().problem);
}

void require_parser() {
  require_library();
  if (!opened_parser().problem.empty()) throw Error("model_failed", opened_parser().problem);
}

}  // namespace samwire::tensorrt
