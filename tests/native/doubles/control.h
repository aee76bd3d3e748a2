#pragma once

// How tests steer the doubles of CUDA (cuda/) and TensorRT (tensorrt/), and what they can ask them.
//
// The double of CUDA is asynchronous as the real one may be: what is enqueued on a stream runs when
// somebody waits for it (stream, event or device), in order, on the thread that waits. So results
// that are read without waiting are not there, and pinned memory that is changed too early changes
// the result. Device memory can be touched by enqueued work alone: code of the host that reads or
// writes it ends with SIGSEGV, as it would on a discrete GPU.
//
// The same by environment variables, for programs that are started by tests; read once a process,
// at the first call of a double (a build's child process counts and fails by itself):
//   SAMWIRE_DOUBLE_DEVICE        discrete (the default), integrated, none (no GPU) or no-driver
//   SAMWIRE_DOUBLE_DEVICE_NAME   the GPU's name ("Samwire double"); a plan belongs to one name
//   SAMWIRE_DOUBLE_MEMORY_MIB    the device's memory (8192); beyond it cudaErrorMemoryAllocation
//   SAMWIRE_DOUBLE_FAIL          FUNCTION:NTH[:ERROR],... as fail() below: cudaMalloc:3:2
//   SAMWIRE_DOUBLE_STICKY_AFTER  N: as break_after() below
//   SAMWIRE_DOUBLE_WRONG         fp16, mixed or all: as set_wrong() below
//   SAMWIRE_DOUBLE_BUILD_MS      a build takes at least so long, in steps of its progress
//   SAMWIRE_DOUBLE_PLAN_NOTE     text that stands in every plan: two builds differ where it does
//   SAMWIRE_DOUBLE_REPORT        a file: what lives, and misuse, when a process ends, a line each
//   SAMWIRE_DOUBLE_ONNXRUNTIME   libonnxruntime.so.1, where it is not in this tree's node_modules

#include <cuda_runtime_api.h>

#include <cstddef>
#include <map>
#include <string>
#include <vector>

namespace samwire::doubles {

enum class DeviceKind { kDiscrete, kIntegrated, kNone, kNoDriver };

// Objects that live, by kind: "device memory", "host memory", "stream", "event", "graph",
// "graph exec", "runtime", "engine", "context", "builder", "builder config", "network", "parser",
// "timing cache", "serialized memory". Kinds without one are left out: EXPECT_TRUE(live().empty()).
std::map<std::string, int> live();

// What no SDK would forgive and none would report: an engine deleted before its contexts, a runtime
// before its engines, a builder before its networks, memory freed twice ...
std::vector<std::string> misuse();

// Bytes of the device's memory, TensorRT's part (weights, activations) included.
std::size_t device_bytes();
std::size_t peak_device_bytes();

// The `nth` call (1: the next one) of a function fails, once. Functions of CUDA by their name, with
// `error`; a sticky error stays (every later call returns it). Of TensorRT by their method's name,
// each as it tells a failure (null, false), with a line in its log: createInferRuntime,
// deserializeCudaEngine, createExecutionContext, setInputShape, setTensorAddress, enqueueV3,
// createInferBuilder, createNetworkV2, createBuilderConfig, parse, buildSerializedNetwork.
// "work": the nth piece of enqueued work fails while it runs, as a kernel does: with a sticky
// error, seen by whoever waits.
void fail(const std::string& function, int nth, cudaError_t error = cudaErrorMemoryAllocation);

// Calls since reset(). "allocation" counts cudaMalloc and cudaHostAlloc together, and fail() knows
// it.
int calls(const std::string& function);

// The (n+1)th run of an engine from now on, by enqueueV3 or in a graph, is an illegal address: the
// GPU is lost. 0: the next.
void break_after(int runs);

// From now on every call that reaches the device returns this sticky error.
void lose_device(cudaError_t error = cudaErrorIllegalAddress);

void set_device(DeviceKind kind, const std::string& name = "Samwire double");

// Which engines answer wrongly (every second number of a floating-point output has the other sign):
// "fp16" those that were built with kFP16 or hold FP16 tensors, and have no FP32 islands (products,
// convolutions, normalisation, softmax or sines that the file or the builder keeps in FP32);
// "mixed" those too that have some; "all" every one; "" none. What is set at the time of a run
// counts.
void set_wrong(const std::string& which);

// Forgets faults, counters, misuse, peak and what was set; a lost device is well again. Objects
// live on. Environment variables are read again.
void reset();

}  // namespace samwire::doubles
