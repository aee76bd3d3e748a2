#pragma once

#include <cuda_runtime_api.h>

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "doubles/control.h"

namespace samwire::doubles {

using Work = std::function<cudaError_t()>;

// A point in a stream's work: an event holds the last one that it recorded.
struct Mark {
  CUstream_st* stream = nullptr;
  bool done = false;
  bool captured = false;
  std::chrono::steady_clock::time_point at;
};

struct Capture {
  cudaStreamCaptureMode mode;
  std::thread::id thread;
  bool invalid = false;
  std::vector<Work> work;
};

struct Block {
  std::size_t size = 0;
  std::size_t pages = 0;  // bytes of the mapping; device memory alone
  bool device = false;
  bool mapped = false;
};

struct Fault {
  int nth = 0;  // counted down
  cudaError_t error = cudaSuccess;
};

// One process is one device. Everything is guarded by `mutex`, which is also held while work runs.
struct State {
  std::mutex mutex;
  std::map<std::string, int> objects, calls;
  std::map<std::string, std::vector<Fault>> faults;
  std::vector<std::string> misuse;
  std::map<std::uintptr_t, Block> blocks;
  std::set<CUstream_st*> streams;
  std::unique_ptr<CUstream_st> default_stream;
  std::size_t device_bytes = 0, peak_device_bytes = 0, memory_limit = 0;
  int opened = 0;  // depth of work that runs
  int runs_left = -1;
  cudaError_t lost = cudaSuccess;
  DeviceKind kind = DeviceKind::kDiscrete;
  std::string name, wrong;
};

State& state();
void read_environment(State& state);  // with the lock
bool is_sticky_error(cudaError_t error);
// Counts a call and says whether it is one that shall fail.
cudaError_t take_fault(State& state, const std::string& function);

// Every function of the double begins with one: the lock, the counter, the fault or the lost
// device.
class Call {
 public:
  explicit Call(const char* function, bool needs_device = true);
  cudaError_t error = cudaSuccess;
  // The result, kept for cudaGetLastError().
  cudaError_t done(cudaError_t result);
  State& s;

 private:
  std::unique_lock<std::mutex> lock_;
};

// All with the lock.
void open_device_memory(State& state, bool open);
// The block that holds all of these bytes, or null.
const Block* find_block(State& state, const void* data, std::size_t size);
CUstream_st& stream_of(State& state, cudaStream_t stream);
cudaError_t push(CUstream_st& stream, Work work);
// Runs what the stream has, or until the mark is reached.
cudaError_t drain(State& state, CUstream_st& stream, const Mark* until = nullptr);
cudaError_t drain_all(State& state);
// What may not be called while a stream is captured (by this thread, or any in the global mode)
// spoils the capture.
cudaError_t refuse_in_capture(State& state);

}  // namespace samwire::doubles

struct CUstream_st {
  std::deque<samwire::doubles::Work> queue;
  std::optional<samwire::doubles::Capture> capture;
};

struct CUevent_st {
  bool timing = false;
  std::shared_ptr<samwire::doubles::Mark> mark;
};

struct CUgraph_st {
  std::vector<samwire::doubles::Work> work;
};

struct CUgraphExec_st {
  std::shared_ptr<const std::vector<samwire::doubles::Work>> work;
};
