// What native/ uses of TensorRT and of the CUDA runtime, by type and by number. It is compiled
// against the doubles always and against the real headers wherever they are (CMakeLists.txt), so
// that both agree with this description and thereby with each other. Nothing here runs.
#include <NvInfer.h>
#include <NvOnnxParser.h>
#include <cuda_runtime_api.h>

#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

// Later versions deprecate what older ones need.
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

namespace {

using namespace nvinfer1;

constexpr int kVersion = NV_TENSORRT_MAJOR * 100 + NV_TENSORRT_MINOR;
constexpr bool kAtLeast10 = kVersion >= 1000;
constexpr bool kAtLeast11 = kVersion >= 1100;

template <typename Enumerator>
constexpr int number(Enumerator value) {
  return static_cast<int>(value);
}

// METHOD(Class, method, Result(Arguments...) const): one overload has this type, and throws
// nothing.
template <typename Class, typename Signature>
struct Method;
template <typename Class, typename Result, typename... Arguments>
struct Method<Class, Result(Arguments...)> {
  using Type = Result (Class::*)(Arguments...) noexcept;
  using Throwing = Result (Class::*)(Arguments...);
};
template <typename Class, typename Result, typename... Arguments>
struct Method<Class, Result(Arguments...) const> {
  using Type = Result (Class::*)(Arguments...) const noexcept;
  using Throwing = Result (Class::*)(Arguments...) const;
};
#define METHOD(Class, method, ...) \
  static_assert(sizeof(static_cast<Method<Class, __VA_ARGS__>::Type>(&Class::method)) != 0)
#define FUNCTION(function, ...) static_assert(std::is_same_v<decltype(&function), __VA_ARGS__>)

// Structures and scalars.
static_assert(std::is_same_v<decltype(Dims::nbDims), int32_t>);
static_assert(std::is_same_v<std::remove_extent_t<decltype(Dims::d)>,
                             std::conditional_t<kAtLeast10, int64_t, int32_t>>);
static_assert(std::extent_v<decltype(Dims::d)> == 8 && Dims::MAX_DIMS == 8);
static_assert(std::is_trivially_copyable_v<Dims>);
static_assert(NV_TENSORRT_VERSION == NV_TENSORRT_MAJOR * (kAtLeast10 ? 10000 : 1000) +
                                         NV_TENSORRT_MINOR * 100 + NV_TENSORRT_PATCH);
static_assert(std::is_same_v<AsciiChar, char>);
static_assert(std::is_same_v<BuilderFlags, uint32_t>);
static_assert(std::is_same_v<NetworkDefinitionCreationFlags, uint32_t>);

// Enumerators.
static_assert(number(DataType::kFLOAT) == 0 && number(DataType::kHALF) == 1);
static_assert(number(DataType::kINT8) == 2 && number(DataType::kINT32) == 3);
static_assert(number(DataType::kBOOL) == 4 && number(DataType::kUINT8) == 5);
#if NV_TENSORRT_MAJOR >= 10
static_assert(number(DataType::kBF16) == 7 && number(DataType::kINT64) == 8);
#endif
static_assert(number(TensorIOMode::kINPUT) == 1 && number(TensorIOMode::kOUTPUT) == 2);
static_assert(number(TensorLocation::kDEVICE) == 0 && number(TensorLocation::kHOST) == 1);
static_assert(number(TensorFormat::kLINEAR) == 0);
static_assert(number(OptProfileSelector::kMIN) == 0 && number(OptProfileSelector::kOPT) == 1);
static_assert(number(OptProfileSelector::kMAX) == 2);
static_assert(number(DeviceType::kGPU) == 0 && number(DeviceType::kDLA) == 1);
static_assert(number(MemoryPoolType::kWORKSPACE) == 0);
static_assert(number(BuilderFlag::kGPU_FALLBACK) == 3);
static_assert(number(BuilderFlag::kTF32) == (kAtLeast10 ? 6 : 7));
#if NV_TENSORRT_MAJOR < 11
static_assert(number(BuilderFlag::kFP16) == 0 && number(BuilderFlag::kINT8) == 1);
static_assert(number(BuilderFlag::kOBEY_PRECISION_CONSTRAINTS) == (kAtLeast10 ? 9 : 10));
#endif
#if NV_TENSORRT_MAJOR < 10
static_assert(number(NetworkDefinitionCreationFlag::kEXPLICIT_BATCH) == 0);
#elif NV_TENSORRT_MAJOR < 11
static_assert(number(NetworkDefinitionCreationFlag::kSTRONGLY_TYPED) == 1);
#endif
#if NV_TENSORRT_MAJOR < 10 && NV_TENSORRT_MINOR >= 6
static_assert(number(PreviewFeature::kPROFILE_SHARING_0806) == 2);
#endif
static_assert(number(LayerType::kCONVOLUTION) == 0 && number(LayerType::kCONSTANT) == 19);
static_assert(number(LayerType::kSHAPE) == (kAtLeast10 ? 23 : 24));
static_assert(number(ILogger::Severity::kINTERNAL_ERROR) == 0);
static_assert(number(ILogger::Severity::kERROR) == 1 && number(ILogger::Severity::kWARNING) == 2);
static_assert(number(ILogger::Severity::kINFO) == 3 && number(ILogger::Severity::kVERBOSE) == 4);

// What is implemented by us.
METHOD(ILogger, log, void(ILogger::Severity, AsciiChar const*));
static_assert(std::is_abstract_v<ILogger> && std::has_virtual_destructor_v<ILogger>);
#if NV_TENSORRT_MAJOR >= 10
METHOD(IProgressMonitor, phaseStart, void(char const*, char const*, int32_t));
METHOD(IProgressMonitor, stepComplete, bool(char const*, int32_t));
METHOD(IProgressMonitor, phaseFinish, void(char const*));
static_assert(std::has_virtual_destructor_v<IProgressMonitor>);
class Monitor : public IProgressMonitor {
  void phaseStart(char const*, char const*, int32_t) noexcept override {}
  bool stepComplete(char const*, int32_t) noexcept override { return true; }
  void phaseFinish(char const*) noexcept override {}
};
static_assert(!std::is_abstract_v<Monitor>);
METHOD(IBuilderConfig, setProgressMonitor, void(IProgressMonitor*));
#endif

// Everything that we are given is deleted with `delete`; what a builder or network owns can't be.
static_assert(std::has_virtual_destructor_v<IRuntime> && std::is_destructible_v<IRuntime>);
static_assert(std::has_virtual_destructor_v<ICudaEngine> && std::is_destructible_v<ICudaEngine>);
static_assert(std::has_virtual_destructor_v<IExecutionContext>);
static_assert(std::is_destructible_v<IExecutionContext> && std::is_destructible_v<IHostMemory>);
static_assert(std::is_destructible_v<IBuilder> && std::is_destructible_v<IBuilderConfig>);
static_assert(std::is_destructible_v<INetworkDefinition> && std::is_destructible_v<ITimingCache>);
static_assert(std::is_destructible_v<nvonnxparser::IParser>);
static_assert(!std::is_destructible_v<IOptimizationProfile> && !std::is_destructible_v<ILayer>);
static_assert(!std::is_destructible_v<ITensor>);
static_assert(!std::is_copy_constructible_v<IRuntime> && !std::is_copy_constructible_v<IBuilder>);

METHOD(IHostMemory, data, void*() const);
METHOD(IHostMemory, size, std::size_t() const);

METHOD(IRuntime, deserializeCudaEngine, ICudaEngine*(void const*, std::size_t));
METHOD(IRuntime, setDLACore, void(int32_t));
METHOD(IRuntime, getNbDLACores, int32_t() const);

METHOD(ICudaEngine, getNbIOTensors, int32_t() const);
METHOD(ICudaEngine, getIOTensorName, char const*(int32_t) const);
METHOD(ICudaEngine, getTensorIOMode, TensorIOMode(char const*) const);
METHOD(ICudaEngine, getTensorDataType, DataType(char const*) const);
METHOD(ICudaEngine, getTensorShape, Dims(char const*) const);
METHOD(ICudaEngine, getTensorLocation, TensorLocation(char const*) const);
METHOD(ICudaEngine, getTensorFormat, TensorFormat(char const*) const);
METHOD(ICudaEngine, isShapeInferenceIO, bool(char const*) const);
METHOD(ICudaEngine, getNbOptimizationProfiles, int32_t() const);
METHOD(ICudaEngine, getProfileShape, Dims(char const*, int32_t, OptProfileSelector) const);
METHOD(ICudaEngine, getNbLayers, int32_t() const);
METHOD(ICudaEngine, getName, char const*() const);
static_assert(std::is_same_v<decltype(std::declval<ICudaEngine&>().createExecutionContext()),
                             IExecutionContext*>);
#if NV_TENSORRT_MAJOR >= 10
METHOD(ICudaEngine, getDeviceMemorySizeV2, int64_t() const);
METHOD(IExecutionContext, setDeviceMemoryV2, void(void*, int64_t));
static_assert(static_cast<int>(ExecutionContextAllocationStrategy::kUSER_MANAGED) == 2);
#else
METHOD(ICudaEngine, getDeviceMemorySize, std::size_t() const);
#endif

METHOD(IExecutionContext, setOptimizationProfileAsync, bool(int32_t, cudaStream_t));
METHOD(IExecutionContext, getOptimizationProfile, int32_t() const);
METHOD(IExecutionContext, setInputShape, bool(char const*, Dims const&));
METHOD(IExecutionContext, getTensorShape, Dims(char const*) const);
METHOD(IExecutionContext, allInputDimensionsSpecified, bool() const);
METHOD(IExecutionContext, inferShapes, int32_t(int32_t, char const**));
METHOD(IExecutionContext, setTensorAddress, bool(char const*, void*));
METHOD(IExecutionContext, setInputTensorAddress, bool(char const*, void const*));
METHOD(IExecutionContext, getTensorAddress, void const*(char const*) const);
METHOD(IExecutionContext, setEnqueueEmitsProfile, void(bool));
METHOD(IExecutionContext, setName, void(char const*));
METHOD(IExecutionContext, getName, char const*() const);
METHOD(IExecutionContext, getEngine, ICudaEngine const&() const);
METHOD(IExecutionContext, enqueueV3, bool(cudaStream_t));

METHOD(ITensor, getName, char const*() const);
METHOD(ITensor, getDimensions, Dims() const);
METHOD(ITensor, getType, DataType() const);
METHOD(ITensor, isNetworkInput, bool() const);
METHOD(ITensor, isNetworkOutput, bool() const);
METHOD(ITensor, isShapeTensor, bool() const);

METHOD(ILayer, getType, LayerType() const);
METHOD(ILayer, getName, char const*() const);
METHOD(ILayer, setName, void(char const*));
METHOD(ILayer, getNbInputs, int32_t() const);
METHOD(ILayer, getInput, ITensor*(int32_t) const);
METHOD(ILayer, getNbOutputs, int32_t() const);
METHOD(ILayer, getOutput, ITensor*(int32_t) const);
METHOD(ILayer, getOutputType, DataType(int32_t) const);
#if NV_TENSORRT_MAJOR >= 10 || NV_TENSORRT_MINOR >= 6
METHOD(ILayer, getMetadata, char const*() const);
#endif
#if NV_TENSORRT_MAJOR < 11
METHOD(ILayer, setPrecision, void(DataType));
METHOD(ILayer, getPrecision, DataType() const);
METHOD(ILayer, precisionIsSet, bool() const);
METHOD(ILayer, setOutputType, void(int32_t, DataType));
METHOD(ILayer, outputTypeIsSet, bool(int32_t) const);
METHOD(ITensor, setType, void(DataType));
#endif

METHOD(INetworkDefinition, getNbLayers, int32_t() const);
METHOD(INetworkDefinition, getLayer, ILayer*(int32_t) const);
METHOD(INetworkDefinition, getNbInputs, int32_t() const);
METHOD(INetworkDefinition, getInput, ITensor*(int32_t) const);
METHOD(INetworkDefinition, getNbOutputs, int32_t() const);
METHOD(INetworkDefinition, getOutput, ITensor*(int32_t) const);
METHOD(INetworkDefinition, setName, void(char const*));
METHOD(INetworkDefinition, getName, char const*() const);
#if NV_TENSORRT_MAJOR >= 10
METHOD(INetworkDefinition, getFlag, bool(NetworkDefinitionCreationFlag) const);
#endif

using DimsArgument = std::conditional_t<kAtLeast10, Dims const&, Dims>;
METHOD(IOptimizationProfile, setDimensions, bool(char const*, OptProfileSelector, DimsArgument));
METHOD(IOptimizationProfile, getDimensions, Dims(char const*, OptProfileSelector) const);
METHOD(IOptimizationProfile, isValid, bool() const);

METHOD(ITimingCache, serialize, IHostMemory*() const);
METHOD(ITimingCache, combine, bool(ITimingCache const&, bool));
METHOD(ITimingCache, reset, bool());

METHOD(IBuilderConfig, setFlags, void(BuilderFlags));
METHOD(IBuilderConfig, getFlags, BuilderFlags() const);
METHOD(IBuilderConfig, setFlag, void(BuilderFlag));
METHOD(IBuilderConfig, clearFlag, void(BuilderFlag));
METHOD(IBuilderConfig, getFlag, bool(BuilderFlag) const);
METHOD(IBuilderConfig, setDefaultDeviceType, void(DeviceType));
METHOD(IBuilderConfig, getDefaultDeviceType, DeviceType() const);
METHOD(IBuilderConfig, canRunOnDLA, bool(ILayer const*) const);
METHOD(IBuilderConfig, setDLACore, void(int32_t));
METHOD(IBuilderConfig, getDLACore, int32_t() const);
METHOD(IBuilderConfig, setProfileStream, void(cudaStream_t));
METHOD(IBuilderConfig, addOptimizationProfile, int32_t(IOptimizationProfile const*));
METHOD(IBuilderConfig, getNbOptimizationProfiles, int32_t() const);
METHOD(IBuilderConfig, setProfilingVerbosity, void(ProfilingVerbosity));
METHOD(IBuilderConfig, createTimingCache, ITimingCache*(void const*, std::size_t) const);
METHOD(IBuilderConfig, setTimingCache, bool(ITimingCache const&, bool));
METHOD(IBuilderConfig, getTimingCache, ITimingCache const*() const);
METHOD(IBuilderConfig, setMemoryPoolLimit, void(MemoryPoolType, std::size_t));
METHOD(IBuilderConfig, getMemoryPoolLimit, std::size_t(MemoryPoolType) const);
METHOD(IBuilderConfig, setPreviewFeature, void(PreviewFeature, bool));
METHOD(IBuilderConfig, getPreviewFeature, bool(PreviewFeature) const);
#if NV_TENSORRT_MAJOR >= 10 || NV_TENSORRT_MINOR >= 6
METHOD(IBuilderConfig, setBuilderOptimizationLevel, void(int32_t));
METHOD(IBuilderConfig, getBuilderOptimizationLevel, int32_t());
METHOD(IBuilderConfig, setHardwareCompatibilityLevel, void(HardwareCompatibilityLevel));
#endif

METHOD(IBuilder, getNbDLACores, int32_t() const);
METHOD(IBuilder, createBuilderConfig, IBuilderConfig*());
METHOD(IBuilder, createNetworkV2, INetworkDefinition*(NetworkDefinitionCreationFlags));
METHOD(IBuilder, createOptimizationProfile, IOptimizationProfile*());
METHOD(IBuilder, buildSerializedNetwork, IHostMemory*(INetworkDefinition&, IBuilderConfig&));
METHOD(IBuilder, setMaxThreads, bool(int32_t));

// The parser's methods promise nothing about exceptions before 11.
#define PARSER_METHOD(Class, method, ...)                                                 \
  static_assert(                                                                          \
      sizeof(static_cast<std::conditional_t<kAtLeast11, Method<Class, __VA_ARGS__>::Type, \
                                            Method<Class, __VA_ARGS__>::Throwing>>(       \
          &Class::method)) != 0)
using nvonnxparser::IParser;
using nvonnxparser::IParserError;
PARSER_METHOD(IParser, parse, bool(void const*, std::size_t, char const*));
PARSER_METHOD(IParser, parseFromFile, bool(char const*, int));
PARSER_METHOD(IParser, getNbErrors, int() const);
PARSER_METHOD(IParser, getError, IParserError const*(int) const);
PARSER_METHOD(IParser, clearErrors, void());
FUNCTION(IParserError::code, nvonnxparser::ErrorCode (IParserError::*)() const);
FUNCTION(IParserError::desc, char const* (IParserError::*)() const);
FUNCTION(IParserError::file, char const* (IParserError::*)() const);
FUNCTION(IParserError::line, int (IParserError::*)() const);
FUNCTION(IParserError::func, char const* (IParserError::*)() const);
FUNCTION(IParserError::node, int (IParserError::*)() const);
#if NV_TENSORRT_MAJOR >= 11 || (NV_TENSORRT_MAJOR == 10 && NV_TENSORRT_MINOR >= 3)
FUNCTION(IParserError::nodeName, char const* (IParserError::*)() const);
FUNCTION(IParserError::nodeOperator, char const* (IParserError::*)() const);
#endif
static_assert(number(nvonnxparser::ErrorCode::kUNSUPPORTED_NODE) == 8);

// The four symbols that native/tensorrt/symbols.cc forwards.
FUNCTION(createInferRuntime_INTERNAL, void* (*)(void*, int32_t) noexcept);
FUNCTION(createInferBuilder_INTERNAL, void* (*)(void*, int32_t) noexcept);
FUNCTION(getInferLibVersion, int32_t (*)() noexcept);
static_assert(
    std::is_convertible_v<decltype(&createNvOnnxParser_INTERNAL), void* (*)(void*, void*, int)>);

// The CUDA runtime.
FUNCTION(cudaGetDeviceCount, cudaError_t (*)(int*));
FUNCTION(cudaGetDevice, cudaError_t (*)(int*));
FUNCTION(cudaSetDevice, cudaError_t (*)(int));
FUNCTION(cudaSetDeviceFlags, cudaError_t (*)(unsigned int));
FUNCTION(cudaDeviceGetAttribute, cudaError_t (*)(int*, cudaDeviceAttr, int));
FUNCTION(cudaGetDeviceProperties, cudaError_t (*)(cudaDeviceProp*, int));
FUNCTION(cudaDeviceGetStreamPriorityRange, cudaError_t (*)(int*, int*));
FUNCTION(cudaDeviceSynchronize, cudaError_t (*)());
FUNCTION(cudaDriverGetVersion, cudaError_t (*)(int*));
FUNCTION(cudaRuntimeGetVersion, cudaError_t (*)(int*));
FUNCTION(cudaGetErrorName, char const* (*)(cudaError_t));
FUNCTION(cudaGetErrorString, char const* (*)(cudaError_t));
FUNCTION(cudaGetLastError, cudaError_t (*)());
FUNCTION(cudaPeekAtLastError, cudaError_t (*)());
FUNCTION(cudaMalloc, cudaError_t (*)(void**, std::size_t));
FUNCTION(cudaFree, cudaError_t (*)(void*));
FUNCTION(cudaHostAlloc, cudaError_t (*)(void**, std::size_t, unsigned int));
FUNCTION(cudaFreeHost, cudaError_t (*)(void*));
FUNCTION(cudaHostGetDevicePointer, cudaError_t (*)(void**, void*, unsigned int));
FUNCTION(cudaMemGetInfo, cudaError_t (*)(std::size_t*, std::size_t*));
FUNCTION(cudaMemcpy, cudaError_t (*)(void*, void const*, std::size_t, cudaMemcpyKind));
FUNCTION(cudaMemcpyAsync,
         cudaError_t (*)(void*, void const*, std::size_t, cudaMemcpyKind, cudaStream_t));
FUNCTION(cudaMemcpy2DAsync,
         cudaError_t (*)(void*, std::size_t, void const*, std::size_t, std::size_t, std::size_t,
                         cudaMemcpyKind, cudaStream_t));
FUNCTION(cudaMemset, cudaError_t (*)(void*, int, std::size_t));
FUNCTION(cudaMemsetAsync, cudaError_t (*)(void*, int, std::size_t, cudaStream_t));
FUNCTION(cudaStreamCreateWithFlags, cudaError_t (*)(cudaStream_t*, unsigned int));
FUNCTION(cudaStreamCreateWithPriority, cudaError_t (*)(cudaStream_t*, unsigned int, int));
FUNCTION(cudaStreamDestroy, cudaError_t (*)(cudaStream_t));
FUNCTION(cudaStreamSynchronize, cudaError_t (*)(cudaStream_t));
FUNCTION(cudaStreamQuery, cudaError_t (*)(cudaStream_t));
FUNCTION(cudaStreamWaitEvent, cudaError_t (*)(cudaStream_t, cudaEvent_t, unsigned int));
FUNCTION(cudaStreamBeginCapture, cudaError_t (*)(cudaStream_t, cudaStreamCaptureMode));
FUNCTION(cudaStreamEndCapture, cudaError_t (*)(cudaStream_t, cudaGraph_t*));
FUNCTION(cudaStreamIsCapturing, cudaError_t (*)(cudaStream_t, cudaStreamCaptureStatus*));
FUNCTION(cudaLaunchHostFunc, cudaError_t (*)(cudaStream_t, cudaHostFn_t, void*));
FUNCTION(cudaEventCreateWithFlags, cudaError_t (*)(cudaEvent_t*, unsigned int));
FUNCTION(cudaEventDestroy, cudaError_t (*)(cudaEvent_t));
FUNCTION(cudaEventRecord, cudaError_t (*)(cudaEvent_t, cudaStream_t));
FUNCTION(cudaEventSynchronize, cudaError_t (*)(cudaEvent_t));
FUNCTION(cudaEventQuery, cudaError_t (*)(cudaEvent_t));
FUNCTION(cudaEventElapsedTime, cudaError_t (*)(float*, cudaEvent_t, cudaEvent_t));
FUNCTION(cudaGraphInstantiateWithFlags,
         cudaError_t (*)(cudaGraphExec_t*, cudaGraph_t, unsigned long long));
FUNCTION(cudaGraphLaunch, cudaError_t (*)(cudaGraphExec_t, cudaStream_t));
FUNCTION(cudaGraphUpload, cudaError_t (*)(cudaGraphExec_t, cudaStream_t));
FUNCTION(cudaGraphExecDestroy, cudaError_t (*)(cudaGraphExec_t));
FUNCTION(cudaGraphDestroy, cudaError_t (*)(cudaGraph_t));

static_assert(std::is_same_v<decltype(cudaDeviceProp::name), char[256]>);
static_assert(std::is_same_v<decltype(cudaDeviceProp::totalGlobalMem), std::size_t>);
static_assert(std::is_same_v<decltype(cudaDeviceProp::major), int>);
static_assert(std::is_same_v<decltype(cudaDeviceProp::minor), int>);
static_assert(std::is_same_v<decltype(cudaDeviceProp::multiProcessorCount), int>);
static_assert(std::is_same_v<decltype(cudaDeviceProp::integrated), int>);
static_assert(std::is_same_v<decltype(cudaDeviceProp::canMapHostMemory), int>);
static_assert(std::is_same_v<decltype(cudaDeviceProp::asyncEngineCount), int>);
static_assert(std::is_same_v<decltype(cudaDeviceProp::l2CacheSize), int>);

static_assert(cudaSuccess == 0 && cudaErrorInvalidValue == 1 && cudaErrorMemoryAllocation == 2);
static_assert(cudaErrorInitializationError == 3 && cudaErrorCudartUnloading == 4);
static_assert(cudaErrorStubLibrary == 34 && cudaErrorInsufficientDriver == 35);
static_assert(cudaErrorDevicesUnavailable == 46 && cudaErrorNoDevice == 100);
static_assert(cudaErrorInvalidDevice == 101 && cudaErrorNoKernelImageForDevice == 209);
static_assert(cudaErrorECCUncorrectable == 214 && cudaErrorNvlinkUncorrectable == 220);
static_assert(cudaErrorInvalidResourceHandle == 400 && cudaErrorNotReady == 600);
static_assert(cudaErrorIllegalAddress == 700 && cudaErrorLaunchTimeout == 702);
static_assert(cudaErrorContextIsDestroyed == 709 && cudaErrorAssert == 710);
static_assert(cudaErrorHardwareStackError == 714 && cudaErrorIllegalInstruction == 715);
static_assert(cudaErrorMisalignedAddress == 716 && cudaErrorInvalidAddressSpace == 717);
static_assert(cudaErrorInvalidPc == 718 && cudaErrorLaunchFailure == 719);
static_assert(cudaErrorStreamCaptureUnsupported == 900 && cudaErrorUnknown == 999);
static_assert(cudaErrorStreamCaptureInvalidated == 901 && cudaErrorSystemNotReady == 802);
static_assert(cudaMemcpyHostToDevice == 1 && cudaMemcpyDeviceToHost == 2);
static_assert(cudaMemcpyDeviceToDevice == 3 && cudaMemcpyDefault == 4);
static_assert(cudaStreamCaptureModeGlobal == 0 && cudaStreamCaptureModeThreadLocal == 1);
static_assert(cudaStreamCaptureModeRelaxed == 2 && cudaStreamCaptureStatusActive == 1);
static_assert(cudaHostAllocDefault == 0 && cudaHostAllocMapped == 2 && cudaHostAllocPortable == 1);
static_assert(cudaHostAllocWriteCombined == 4 && cudaStreamNonBlocking == 1);
static_assert(cudaEventBlockingSync == 1 && cudaEventDisableTiming == 2);
static_assert(cudaDeviceScheduleBlockingSync == 4 && cudaDevAttrIntegrated == 18);
static_assert(cudaDevAttrComputeCapabilityMajor == 75 && cudaDevAttrComputeCapabilityMinor == 76);

}  // namespace
